import { readFile } from 'node:fs/promises';

import { withAdvertisedAddresses } from './advertised-addresses.ts';
import { readCommandLine, USAGE, type CommandLine } from './command-line.ts';
import { startControlServer } from './control-server.ts';
import { demoScenario } from './demo-scenario.ts';
import { parseScenario, ScenarioError, type Scenario } from './scenario.ts';
import { startProviders } from './start-providers.ts';

try {
  const commandLine = readCommandLine(process.argv.slice(2));
  if (commandLine.help) process.stdout.write(USAGE);
  else await run(commandLine);
} catch (cause) {
  // What the caller got wrong is said in one line; anything else is a fault of ours and keeps its stack.
  if (!isCallersFault(cause)) throw cause;
  process.stderr.write(`${cause.message}\n`);
  process.exitCode = 2;
}

async function run(options: CommandLine): Promise<void> {
  const { control, dnsAddress, listenAt, only, bounceTo } = options;
  const scenario = await readScenario(options.scenario);
  await using world = await startProviders({
    specs: await withAdvertisedAddresses(scenario.providers, options.advertise),
    seed: options.seed ?? scenario.seed,
    smtpPort: options.port,
    dnsPort: options.dnsPort,
    refereeFile: options.refereeFile,
    zone: scenario.zone ?? {},
    ...(dnsAddress === undefined ? {} : { dnsAddress }),
    ...(listenAt === undefined ? {} : { listenAt }),
    ...(only === undefined ? {} : { only }),
    ...(bounceTo === undefined ? {} : { bounceTo }),
  });
  await using controlServer = control === undefined ? undefined : await startControlServer(world, control);
  const { smtpPort, privateMx, providers } = world;
  const ready = {
    dns: world.dnsAddress,
    smtpPort,
    privateMx,
    providers: [...providers.keys()],
    referee: options.refereeFile,
    ...(control === undefined ? {} : { control: `http://${control.address}:${controlServer?.port}` }),
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  await new Promise<void>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
  });
}

async function readScenario(file: string): Promise<Scenario> {
  return file === 'demo' ? demoScenario() : parseScenario(JSON.parse(await readFile(file, 'utf8')));
}

function isCallersFault(cause: unknown): cause is Error {
  if (cause instanceof ScenarioError || cause instanceof SyntaxError) return true;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return code.startsWith('ERR_PARSE_ARGS') || ['ENOENT', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'].includes(code);
}

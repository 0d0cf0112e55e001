import { rmSync } from 'node:fs';

import { forgetStateFolder } from '../servers/state-folder.ts';
import { ArgumentsError, parseStartArguments, usage, type StartArguments } from './arguments.ts';
import { writeEndpoints } from './endpoints.ts';
import { startStack, type StackEvent, type StackOptions } from './stack.ts';

const say = (line: string): void => void process.stderr.write(`mxflow: ${line}\n`);

// Once: a second signal ends this process at once, and the guardian stops what it leaves.
const stopRequested = new Promise<void>((stop) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop());
});

try {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) process.stdout.write(usage);
  else await run(parseStartArguments(argv));
} catch (error) {
  process.exitCode = error instanceof ArgumentsError ? 2 : 1;
  say(error instanceof Error ? error.message : String(error));
  if (error instanceof ArgumentsError) process.stderr.write(`\n${usage}`);
}

async function run(settings: StartArguments): Promise<void> {
  const startedAt = performance.now();
  // Whoever waits for the file must not find that of an earlier start.
  if (settings.endpointsFile !== undefined) rmSync(settings.endpointsFile, { force: true });
  if (settings.fresh) forgetStateFolder(settings.name);
  await using stack = await startStack(optionsOf(settings));
  if (settings.endpointsFile !== undefined) writeEndpoints(settings.endpointsFile, stack);
  say(`ready in ${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${stack.api}`);
  say(`logs in ${stack.logFolder}; stop with Ctrl-C`);
  if (settings.endpointsFile === undefined) {
    say(`API key (shown once): ${stack.apiKey}`);
    if (stack.ruleSets !== undefined) say(`hub ${stack.ruleSets.hub}, key (shown once): ${stack.ruleSets.hubKey}`);
  }
  await stopRequested;
  say('stopping');
}

function optionsOf({ workers, name, sources }: StartArguments): StackOptions {
  const { DATABASE_URL: databaseUrl, AMQP_URL: amqpUrl } = process.env;
  return {
    workers,
    name,
    ruleSets: true,
    ...(databaseUrl && amqpUrl ? { on: { databaseUrl, amqpUrl } } : {}),
    ...(sources === undefined ? {} : { settings: { MXFLOW_SOURCES: sources } }),
    onEvent: (event) => say(describe(event)),
  };
}

function describe(event: StackEvent): string {
  switch (event.kind) {
    case 'servers-ready':
      return `RabbitMQ and Postgres ready in ${event.seconds.toFixed(1)} s`;
    case 'migrated':
      return 'schema is up to date';
    case 'ready':
      return `${event.instance} ready in ${event.seconds.toFixed(1)} s`;
    case 'died':
      return `${event.instance} ended unasked; started again in ${event.restartInMs} ms (${event.logFile})`;
    case 'refused-settings':
      return `${event.instance} refuses its settings and stays down (${event.logFile})`;
  }
}

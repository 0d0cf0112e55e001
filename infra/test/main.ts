import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { startServers, type Servers } from '../servers/servers.ts';
import { projectRoot } from '../servers/state-folder.ts';
import { describeTally, isSuccess, tally, untested, type Report } from './tally.ts';

const reportFile = join(projectRoot, '.mxflow', 'test-report.json');

const { DATABASE_URL, AMQP_URL } = process.env;
rmSync(reportFile, { force: true });
await using servers = DATABASE_URL && AMQP_URL ? undefined : await startServers({ durability: 'process-death' });
if (servers !== undefined)
  process.stderr.write(`mxflow: RabbitMQ and Postgres ready in ${servers.readyAfterSeconds.toFixed(1)} s\n`);

/** `--stories`: these alone, else all others. Names of files: whatever they name. */
const stories = process.argv.includes('--stories');
const chosen = process.argv.slice(2).filter((argument) => argument !== '--stories');
const all = stories ? ['infra/stories/'] : ['--exclude=infra/stories/**'];
const succeeded = await runTests(chosen.length > 0 ? chosen : all, environmentOf(servers));
const report = readReport();
// Vitest ends with 0 when nothing of what it was to find was there, and a file that it never came to has no result.
const missing = chosen.length > 0 ? [] : untested(testFiles(), report);
for (const file of missing) process.stderr.write(`mxflow: ${file} was not tested to its end\n`);
const total = tally(report, { runFailed: !succeeded || missing.length > 0 });
process.exitCode = isSuccess(total) ? 0 : 1;
process.stdout.write(`${describeTally(total)}\n`);

/** False when the run failed or did not come to its end. Every file is tested, whatever one of them says. */
async function runTests(which: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const vitest = spawn('vitest', ['run', ...reporters, ...which], { cwd: projectRoot, stdio: 'inherit', env });
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted = true;
      vitest.kill(signal);
    });
  }
  await once(vitest, 'exit');
  return vitest.exitCode === 0 && !interrupted;
}

/** Every file of this kind that there is, wherever it lies. test-e2e has a command of its own. */
function testFiles(): readonly string[] {
  const exclude = ['**/node_modules/**', '.mxflow/**', 'test-e2e/**'];
  const files = globSync('**/*.test.ts', { cwd: projectRoot, exclude });
  return files.filter((file) => file.startsWith('infra/stories/') === stories).map((file) => join(projectRoot, file));
}

function readReport(): Report | undefined {
  return existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, 'utf8')) as Report) : undefined;
}

function environmentOf(own: Servers | undefined): NodeJS.ProcessEnv {
  if (own === undefined) return process.env;
  return {
    ...process.env,
    DATABASE_URL: own.postgres.url,
    AMQP_URL: own.rabbit.url,
    RABBITMQ_MANAGEMENT_URL: own.rabbit.management.url,
  };
}

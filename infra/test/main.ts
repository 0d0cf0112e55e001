import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { startServers, type Servers } from '../servers/servers.ts';
import { projectRoot } from '../servers/state-folder.ts';
import { describeTally, isSuccess, tally, type Report } from './tally.ts';

const reports = join(projectRoot, '.mxflow', 'test-reports');

/**
 * Two at once. The room with the stories takes as long as all others together, so it has a lane of its own from the
 * start.
 */
const lanes = [['--filter=@mxflow/infra'], ['--filter=!@mxflow/infra']];

const { DATABASE_URL, AMQP_URL } = process.env;
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
await using servers = DATABASE_URL && AMQP_URL ? undefined : await startServers({ durability: 'process-death' });
if (servers !== undefined)
  process.stderr.write(`mxflow: RabbitMQ and Postgres ready in ${servers.readyAfterSeconds.toFixed(1)} s\n`);

const runFailed = await runTests(environmentOf(servers));
const total = tally(readReports(), runFailed);
process.exitCode = isSuccess(total) ? 0 : 1;
process.stdout.write(`${describeTally(total)}\n`);

/** True when the run failed or did not come to its end. All packages are tested, whatever one of them says. */
async function runTests(env: NodeJS.ProcessEnv): Promise<boolean> {
  const chosen = process.argv.slice(2);
  const succeeded = await Promise.all((chosen.length > 0 ? [chosen] : lanes).map((argv) => runLane(argv, env)));
  // Turbo ends with 0 when it was interrupted, and a package that it never came to has no report.
  const missing = chosen.length > 0 ? [] : testedFolders().filter((folder) => !existsSync(reportOf(folder)));
  for (const folder of missing) process.stderr.write(`mxflow: ${folder} was not tested to its end\n`);
  return missing.length > 0 || succeeded.includes(false);
}

async function runLane(chosen: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  const argv = ['run', 'test', '--continue', '--concurrency=1', '--env-mode=loose', '--output-logs=full', ...chosen];
  const turbo = spawn('turbo', [...argv, '--log-order=grouped'], { stdio: ['ignore', 'inherit', 'inherit'], env });
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted = true;
      turbo.kill(signal);
    });
  }
  await once(turbo, 'exit');
  return turbo.exitCode === 0 && !interrupted;
}

/** A package without a test script is one that was forgotten. test-e2e and bench have commands of their own. */
function testedFolders(): readonly string[] {
  const parents = ['packages', 'services'];
  const folders = parents.flatMap((parent) => readdirSync(join(projectRoot, parent)).map((name) => join(parent, name)));
  return [...folders, 'infra'].filter((folder) => existsSync(join(projectRoot, folder, 'package.json')));
}

/** As the root's vitest.config.ts names it. */
function reportOf(folder: string): string {
  return join(reports, `${folder.replaceAll('/', '-')}.json`);
}

function environmentOf(own: Servers | undefined): NodeJS.ProcessEnv {
  const shared = { ...process.env, MXFLOW_TEST_REPORTS: reports, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
  if (own === undefined) return shared;
  return {
    ...shared,
    DATABASE_URL: own.postgres.url,
    AMQP_URL: own.rabbit.url,
    RABBITMQ_MANAGEMENT_URL: own.rabbit.management.url,
  };
}

function readReports(): readonly Report[] {
  return readdirSync(reports).map((name) => JSON.parse(readFileSync(join(reports, name), 'utf8')) as Report);
}

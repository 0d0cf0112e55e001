import type Docker from 'dockerode';

import { command, onPath } from './command.ts';
import { canInstallPackages, installPackages } from './debian-packages.ts';
import { startOwnEngine } from './own-engine.ts';
import { dockerAt } from './this-run.ts';

/** A Docker engine that answers. Disposing stops it when it was started here, and leaves it alone otherwise. */
export type Engine = AsyncDisposable & {
  readonly docker: Docker;
  /** Started here, for this run. */
  readonly isOwn: boolean;
  /** Where programs find it, as in DOCKER_HOST. */
  readonly host: string;
  /** `docker compose` or `docker-compose`, whichever this machine has. */
  readonly compose: readonly [file: string, ...firstArguments: string[]];
};

/** There is no engine, and none can be had here. */
export class NoEngineError extends Error {
  override readonly name = 'NoEngineError';
  readonly code = 'NO_ENGINE';
}

const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const ADVICE =
  'on Debian: apt-get install docker.io docker-compose debootstrap, and run this as root; elsewhere start Docker';

/**
 * Finds the engine that DOCKER_HOST names, else the one at the usual socket, else, as root on Linux, starts one of its
 * own, with Debian's packages where they are missing.
 */
export async function openEngine(say: (line: string) => void): Promise<Engine> {
  const named = process.env['DOCKER_HOST'];
  for (const host of named === undefined ? [DEFAULT_HOST] : [named]) {
    const docker = await connect(host);
    if (docker === undefined) continue;
    say(`engine: the one at ${host}`);
    return { docker, isOwn: false, host, compose: await composeProgram(say), [Symbol.asyncDispose]: async () => {} };
  }
  if (named !== undefined) throw new NoEngineError(`no engine answers at DOCKER_HOST=${named}`);
  await prepareOwnEngine(say);
  await using started = new AsyncDisposableStack();
  const own = await startOwnEngine().catch((cause: unknown) => {
    throw new NoEngineError(`dockerd does not start here: ${String(cause)}`, { cause });
  });
  started.use(own);
  const docker = await connect(own.host);
  if (docker === undefined) throw new NoEngineError(`dockerd was started and does not answer; its log: ${own.logFile}`);
  say(`engine: started for this run, process ${own.pid}`);
  const compose = await composeProgram(say);
  const held = started.move();
  return { docker, isOwn: true, host: own.host, compose, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** The client, when something answers there. */
async function connect(host: string): Promise<Docker | undefined> {
  const docker = dockerAt(host);
  try {
    await docker.ping();
    return docker;
  } catch {
    // Nobody there, or not for us: the caller goes on to the next place and says so at the end.
    return undefined;
  }
}

async function prepareOwnEngine(say: (line: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new NoEngineError(`no engine answers at ${DEFAULT_HOST}, and only root on Linux can start one; ${ADVICE}`);
  }
  if (onPath('dockerd')) return;
  if (!canInstallPackages())
    throw new NoEngineError(`dockerd is not installed and there is no apt-get here; ${ADVICE}`);
  say('engine: installing docker.io, docker-compose and debootstrap with apt');
  await installPackages(['docker.io', 'docker-compose', 'debootstrap']).catch((cause: unknown) => {
    throw new NoEngineError(`the engine could not be installed: ${String(cause)}`, { cause });
  });
}

async function composeProgram(say: (line: string) => void): Promise<Engine['compose']> {
  if (await answers('docker', ['compose', 'version'])) return ['docker', 'compose'];
  if (await answers('docker-compose', ['version'])) return ['docker-compose'];
  if (!canInstallPackages()) throw new NoEngineError(`there is an engine, and no docker compose; ${ADVICE}`);
  say('engine: installing docker-compose with apt');
  await installPackages(['docker-compose']);
  return ['docker-compose'];
}

async function answers(file: string, argv: readonly string[]): Promise<boolean> {
  return await command(file, argv).then(
    () => true,
    () => false,
  );
}

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { NotReadyError, startProgram, untilReady, type Program } from '../servers/program.ts';
import type { StateFolder } from '../servers/state-folder.ts';

/** What the supervisor saw; for the person in front of the terminal. */
export type ServiceEvent =
  | { readonly kind: 'ready'; readonly instance: string; readonly seconds: number }
  | { readonly kind: 'died'; readonly instance: string; readonly restartInMs: number; readonly logFile: string }
  /** It refused its settings: starting it again would change nothing. */
  | { readonly kind: 'refused-settings'; readonly instance: string; readonly logFile: string };

export type ServiceOrder = {
  /** Unique within the stack, such as `mta-worker-2`. */
  readonly instance: string;
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  /** Serves /live, /ready and /metrics. */
  readonly healthUrl: string;
  readonly logFolder: string;
  readonly folder: StateFolder;
  readonly onEvent: (event: ServiceEvent) => void;
};

/**
 * One service process under supervision. It is `up`; when it ends by itself it is started again after a wait that
 * doubles with every death in a row. When the owner ended it, it stays down until the owner restarts it.
 */
export type ServiceProcess = AsyncDisposable & {
  readonly instance: string;
  readonly healthUrl: string;
  readonly logFile: string;
  readonly pid: () => number;
  /** Ends it (SIGKILL unless told otherwise), waits for its end and leaves it down. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  /** Ends it when it is up, starts it on the same ports and waits until it is ready. */
  readonly restart: () => Promise<void>;
  /** For freezing: SIGSTOP and SIGCONT. */
  readonly signal: (signal: NodeJS.Signals) => void;
};

const readyWithinMs = 60_000;
const stopGraceMs = 25_000;
const firstRestartMs = 500;
const longestRestartMs = 30_000;
/** Once up for so long, the next death is a first one again. */
const settledAfterMs = 60_000;
/** EX_CONFIG of sysexits. */
const exitFaultySettings = 78;

/** Starts the process and waits until it is ready; throws, with the end of its log, when it does not become so. */
export async function startService(order: ServiceOrder): Promise<ServiceProcess> {
  const logFile = join(order.logFolder, `${order.instance}.log`);
  const life: Life = { program: await spawnService(order, logFile), ending: new AbortController() };
  await report(order, life.program);
  const supervise = (): void => {
    life.ending = new AbortController();
    void superviseUntilUnwanted(order, life);
  };
  const takeDown = async (end: (program: Program) => Promise<void>): Promise<void> => {
    life.ending.abort();
    await end(life.program);
  };
  supervise();
  return {
    instance: order.instance,
    healthUrl: order.healthUrl,
    logFile,
    pid: () => life.program.pid,
    kill: (signal = 'SIGKILL') =>
      takeDown(async (program) => {
        program.signal(signal);
        await program.ended;
      }),
    async restart() {
      await takeDown((program) => program.stop(stopGraceMs));
      life.program = await spawnService(order, logFile);
      await report(order, life.program);
      supervise();
    },
    signal: (signal) => life.program.signal(signal),
    [Symbol.asyncDispose]: () => takeDown((program) => program.stop(stopGraceMs)),
  };
}

type Life = { program: Program; ending: AbortController };

async function superviseUntilUnwanted(order: ServiceOrder, life: Life): Promise<void> {
  const { signal } = life.ending;
  let deaths = 0;
  for (;;) {
    const upSince = performance.now();
    await life.program.ended;
    if (signal.aborted) return;
    const { logFile } = life.program;
    if (life.program.exitCode() === exitFaultySettings) {
      order.onEvent({ kind: 'refused-settings', instance: order.instance, logFile });
      return;
    }
    deaths = performance.now() - upSince > settledAfterMs ? 1 : deaths + 1;
    const restartInMs = Math.min(longestRestartMs, firstRestartMs * 2 ** (deaths - 1));
    order.onEvent({ kind: 'died', instance: order.instance, restartInMs, logFile });
    await pause(restartInMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const next = await spawnService(order, logFile);
    if (signal.aborted) return next.kill();
    life.program = next;
    report(order, next).catch(() => {
      // It died before it was ready: the next turn of this loop says so.
    });
  }
}

function spawnService({ file, env, folder }: ServiceOrder, logFile: string): Promise<Program> {
  return startProgram({
    file: process.execPath,
    argv: [file],
    env,
    account: { kind: 'own' },
    folder,
    logFile,
    stopSignal: 'SIGTERM',
  });
}

async function report(order: ServiceOrder, program: Program): Promise<void> {
  const startedAt = performance.now();
  try {
    await untilReady(order.instance, program, { isReady: () => isReady(order.healthUrl), withinMs: readyWithinMs });
  } catch (error) {
    if (error instanceof NotReadyError) await program.kill();
    throw error;
  }
  order.onEvent({ kind: 'ready', instance: order.instance, seconds: (performance.now() - startedAt) / 1000 });
}

async function isReady(healthUrl: string): Promise<boolean> {
  try {
    const answer = await fetch(`${healthUrl}/ready`, { signal: AbortSignal.timeout(5_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    // Not listening yet: asked again.
    return false;
  }
}

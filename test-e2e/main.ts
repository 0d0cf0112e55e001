// npm run test:e2e: the stories, on containers. Exit 0 when all pass, 1 when one fails, 3 where there is no engine.
import { ensureBaseImages } from './engine/base-images.ts';
import { NoEngineError, openEngine } from './engine/engine.ts';
import { buildServiceImages } from './engine/service-images.ts';
import { sweep } from './engine/sweep.ts';
import { runStories, type Summary } from './run-stories.ts';

const EXIT_NO_ENGINE = 3;

const begunAt = performance.now();
const say = (line: string): void => {
  const seconds = ((performance.now() - begunAt) / 1000).toFixed(0);
  process.stderr.write(`[${seconds.padStart(4)} s] ${line}\n`);
};

try {
  const summary = await runOnEngine(process.argv.slice(2));
  const { passed, failed, skipped } = summary;
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof NoEngineError ? EXIT_NO_ENGINE : 1;
}

/** @param filters run only stories whose file name holds one of them. */
async function runOnEngine(filters: readonly string[]): Promise<Summary> {
  const interrupted = new AbortController();
  // The stories hear an interrupt themselves; this process stays to remove what they leave.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());
  await using engine = await openEngine(say);
  const { docker, host, compose } = engine;
  const prefix = `mxflow-e2e-${process.pid}`;
  // In an engine of our own whatever is there was left by a run that was killed.
  if (engine.isOwn) await sweep(docker, 'mxflow-e2e-');
  try {
    await untilAborted(interrupted.signal, async () => {
      await ensureBaseImages(docker, say);
      await buildServiceImages(docker, say);
    });
    say('stories: running');
    return await runStories({ host, compose, prefix }, filters, interrupted.signal);
  } finally {
    say('removing what the stories left');
    await sweep(docker, prefix);
  }
}

/** Gives up at once when the signal aborts: what was being made ends with the engine, or is of use to the next run. */
async function untilAborted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(new Error('interrupted'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work(), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

import type { JobView } from '@mxflow/contracts';

/** A line that shows how far a job is. */
export type Progress = { show(job: JobView): void; end(): void };

const WIDTH = 30;
/** Where there is no terminal to draw on, a line now and then. */
const PLAIN_EVERY_MS = 1000;

export function createProgress(total: number, out: NodeJS.WriteStream): Progress {
  const startedMs = performance.now();
  let shownAtMs = Number.NEGATIVE_INFINITY;
  return {
    show: ({ counts }) => {
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(5);
      const ended = counts.sent + counts.failed + counts.ignored + counts.expired + counts.cancelled;
      const filled = Math.round((WIDTH * ended) / Math.max(1, total));
      const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
      const line = `${seconds} s ${bar} ${ended}/${total}  sent ${counts.sent}  failed ${counts.failed}  deferred ${counts.deferred}`;
      if (out.isTTY) return void out.write(`\r${line}\u001b[K`);
      if (performance.now() - shownAtMs < PLAIN_EVERY_MS) return;
      shownAtMs = performance.now();
      out.write(`${line}\n`);
    },
    end: () => void (out.isTTY && out.write('\n')),
  };
}

import { monitorEventLoopDelay } from 'node:perf_hooks';

import { processMetrics, type Meter } from '@mxflow/telemetry';

const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;
/** How often the event loop is asked how late it is; what it measures when idle is near 0, not this. */
const RESOLUTION_MS = 20;

/**
 * Shows this process' own health as metrics: event-loop delay (percentile and worst since the last collection),
 * memory, CPU.
 */
export function watchProcess(meter: Meter): Disposable {
  const metrics = processMetrics(meter);
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000);
  const observers = new DisposableStack();
  observers.use(metrics.eventLoopDelayP99.observe(() => late(delays.percentile(99))));
  // Collected last of the two, so it is the one that begins the next period.
  observers.use(
    metrics.eventLoopDelayMax.observe(() => {
      const worst = late(delays.max);
      delays.reset();
      return worst;
    }),
  );
  observers.use(metrics.residentOctets.observe(() => process.memoryUsage.rss()));
  observers.use(metrics.heapUsedOctets.observe(() => process.memoryUsage().heapUsed));
  observers.use(metrics.cpuSeconds.observe(cpuSeconds));
  observers.use(metrics.startedAt.observe(() => Date.now() / 1000 - process.uptime()));
  observers.defer(() => void delays.disable());
  return observers;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / MICROSECONDS;
}

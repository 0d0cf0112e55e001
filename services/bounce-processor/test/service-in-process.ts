import { every, readSettings, startHealth } from '@mxflow/process';
import { createLogger, periodicMetrics, startTelemetry } from '@mxflow/telemetry';

import { BOUNCE_SETTINGS, type BounceConfig } from '../src/config.ts';
import { startBounceProcessor } from '../src/service.ts';
import { SECRET, type TestWorld } from './world.ts';

export type LogLine = { readonly msg: string } & Readonly<Record<string, unknown>>;

export type RunningService = AsyncDisposable & {
  readonly lines: readonly LogLine[];
  readonly metricsText: () => Promise<string>;
};

/** The environment of a bounce-processor in the world. */
export function environmentOf(
  world: TestWorld,
  settings: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    DATABASE_URL: world.databaseUrl,
    AMQP_URL: world.amqpUrl,
    MXFLOW_SECRET: SECRET,
    MXFLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
    ...settings,
  };
}

/** The whole service within this process, with its log kept. */
export async function startService(
  world: TestWorld,
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  await using made = new AsyncDisposableStack();
  const reading = readSettings(BOUNCE_SETTINGS, environmentOf(world, settings));
  if (reading.kind === 'faults') throw new Error(JSON.stringify(reading.faults));
  const lines: LogLine[] = [];
  const write = (text: string): void => void lines.push(JSON.parse(text) as LogLine);
  const logger = createLogger({ service: 'bounce-processor', level: 'info', destination: { write } });
  const telemetry = made.use(startTelemetry({ service: 'bounce-processor', version: '0', otlpEndpoint: '' }));
  const { meter } = telemetry;
  const metricsText = (): Promise<string> => telemetry.metricsText();
  const health = made.use(await startHealth({ host: '127.0.0.1', port: 0, metricsText, logger }));
  const stop = new AbortController();
  const metrics = periodicMetrics(meter);
  made.use(
    await startBounceProcessor(reading.values as BounceConfig, {
      logger,
      telemetry,
      meter,
      health,
      signal: stop.signal,
      every: (intervalMs, run, options) => every(intervalMs, run, { signal: stop.signal, ...options, logger, metrics }),
    }),
  );
  const held = made.move();
  return {
    lines,
    metricsText,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await held.disposeAsync();
    },
  };
}

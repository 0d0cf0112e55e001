import {
  createLogger,
  periodicMetrics,
  startTelemetry,
  type Logger,
  type Meter,
  type Telemetry,
} from '@mxflow/telemetry';

import manifest from '../package.json' with { type: 'json' };
import { startHealth, type Health } from './health.ts';
import { every, type Periodic, type PeriodicOptions, type PeriodicResult } from './periodic.ts';
import { PROCESS_SETTINGS } from './process-settings.ts';
import { watchProcess } from './process-watch.ts';
import { readSettings, SettingsError, type SettingFault, type SettingsOf, type SettingsSchema } from './settings.ts';
import { listenForStop, type StopReason, type StopRequest } from './stop-request.ts';

export type ProcessContext = {
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly meter: Meter;
  readonly health: Health;
  /** Aborted when the process begins to stop: take no new work. */
  readonly signal: AbortSignal;
  /** A periodic task with this process' logger and failure counter; its owner disposes it. */
  readonly every: (
    intervalMs: number,
    run: (signal: AbortSignal) => Promise<PeriodicResult>,
    options: Omit<PeriodicOptions, 'logger' | 'metrics'>,
  ) => Periodic;
};

export type ProcessConfig<S extends SettingsSchema> = SettingsOf<S> & SettingsOf<typeof PROCESS_SETTINGS>;

export type ProcessDefinition<S extends SettingsSchema> = {
  /** The service's name in logs, metrics and traces. */
  readonly name: string;
  readonly settings: S;
  /**
   * Starts the service. Disposing what it returns stops consuming, lets work in progress end and closes its
   * connections; health and telemetry are closed after it.
   */
  readonly start: (config: ProcessConfig<S>, context: ProcessContext) => Promise<AsyncDisposable>;
};

/** The environment cannot be used: starting again would change nothing (EX_CONFIG of sysexits). */
const EXIT_FAULTY_SETTINGS = 78;
/** After an uncaught error the state is not to be trusted for long. */
const BROKEN_STOP_LIMIT_MS = 5_000;

/**
 * Runs a service from its settings to its end. Returns when everything is closed and `process.exitCode` set: 0
 * after a signal, 1 after a failed start, an uncaught error or a missed deadline.
 */
export async function runProcess<const S extends SettingsSchema>(definition: ProcessDefinition<S>): Promise<void> {
  const begunAtMs = performance.now();
  const reading = readSettings({ ...definition.settings, ...PROCESS_SETTINGS }, process.env);
  if (reading.kind === 'faults') return refuseSettings(definition.name, reading.faults);
  const config = reading.values as unknown as ProcessConfig<S>;
  const logger = createLogger({ service: definition.name, level: config.MXFLOW_LOG_LEVEL });
  if (reading.unknown.length > 0) logger.warn({ unknown: reading.unknown }, 'unknown settings, ignored');

  using stop = listenForStop(logger, { withStdin: config.MXFLOW_STOP_WITH_STDIN });
  let watchdog: NodeJS.Timeout | undefined;
  void stop.reason.then((reason) => {
    watchdog = armWatchdog(stopLimitMs(reason, config.MXFLOW_STOP_DEADLINE), logger);
  });
  try {
    await serve(definition, { config, logger, stop, begunAtMs });
  } catch (err) {
    logger.fatal({ err }, stop.signal.aborted ? 'did not stop cleanly' : 'could not start');
    process.exitCode = 1;
  }
  logger.info({ exitCode: process.exitCode ?? 0 }, 'stopped');
  // Whatever still keeps the event loop busy now is a leak: it must not keep the process for ever.
  (watchdog ?? armWatchdog(BROKEN_STOP_LIMIT_MS, logger)).unref();
}

type Run<S extends SettingsSchema> = {
  readonly config: ProcessConfig<S>;
  readonly logger: Logger;
  readonly stop: StopRequest;
  readonly begunAtMs: number;
};

/** Disposes in reverse: the service, then health, then telemetry, so that the last spans of the service are sent. */
async function serve<S extends SettingsSchema>(definition: ProcessDefinition<S>, run: Run<S>): Promise<void> {
  const { config, logger, stop, begunAtMs } = run;
  await using telemetry = startTelemetry({
    service: definition.name,
    version: manifest.version,
    traceRatio: config.MXFLOW_TRACE_RATIO,
  });
  const { meter } = telemetry;
  using _watch = watchProcess(meter);
  await using health = await startHealth({
    host: config.MXFLOW_HEALTH_HOST,
    port: config.MXFLOW_HEALTH_PORT,
    metricsText: () => telemetry.metricsText(),
    logger,
  });
  const metrics = periodicMetrics(meter);
  await using _service = await definition.start(config, {
    logger,
    telemetry,
    meter,
    health,
    signal: stop.signal,
    every: (intervalMs, act, options) => every(intervalMs, act, { signal: stop.signal, ...options, logger, metrics }),
  });
  health.setPhase('ready');
  const tookMs = Math.round(performance.now() - begunAtMs);
  logger.info({ healthUrl: health.url, tookMs }, `ready in ${tookMs} ms`);
  const reason = await stop.reason;
  health.setPhase('stopping');
  logger.info({ reason: reason.kind === 'signal' ? reason.name : reason.kind }, 'stopping');
}

function refuseSettings(service: string, faults: readonly SettingFault[]): void {
  const error = new SettingsError(faults);
  createLogger({ service, level: 'info' }).fatal({ code: error.code, faults }, error.message);
  process.exitCode = EXIT_FAULTY_SETTINGS;
}

function stopLimitMs(reason: StopReason, deadlineMs: number): number {
  switch (reason.kind) {
    case 'signal':
    case 'stdin-ended':
      return deadlineMs;
    case 'uncaught':
      return Math.min(deadlineMs, BROKEN_STOP_LIMIT_MS);
  }
}

/** The only other way out than an empty event loop; names what still ran, so that the leak can be found. */
function armWatchdog(limitMs: number, logger: Logger): NodeJS.Timeout {
  return setTimeout(() => {
    logger.fatal({ limitMs, stillActive: process.getActiveResourcesInfo() }, 'stop deadline missed');
    process.exit(1);
  }, limitMs);
}

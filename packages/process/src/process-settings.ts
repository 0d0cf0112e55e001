import { DEFAULT_TRACE_RATIO, LOG_LEVELS } from '@mxflow/telemetry';

import { setting } from './setting-kinds.ts';

/** What every process of mxflow can be told, besides its own settings. */
export const PROCESS_SETTINGS = {
  MXFLOW_LOG_LEVEL: setting.choice(LOG_LEVELS, {
    default: 'info',
    describe: 'Least severe level that is logged',
  }),
  MXFLOW_HEALTH_HOST: setting.string({
    default: '127.0.0.1',
    describe: 'Local address that serves /live, /ready and /metrics',
  }),
  MXFLOW_HEALTH_PORT: setting.integer({
    min: 0,
    max: 65_535,
    default: 0,
    describe: 'Port of the same; 0: any free one',
  }),
  MXFLOW_STOP_DEADLINE: setting.duration({
    min: '1s',
    max: '10m',
    default: '20s',
    describe: 'How long work in progress may take to end after a signal; then the process ends without it',
  }),
  MXFLOW_STOP_WITH_STDIN: setting.boolean({
    default: false,
    describe: 'Stop when the standard input ends: for processes that must not outlive their launcher',
  }),
  MXFLOW_TRACE_RATIO: setting.number({
    min: 0,
    max: 1,
    default: DEFAULT_TRACE_RATIO,
    describe: 'Share of new traces that are recorded, where OTEL_EXPORTER_OTLP_ENDPOINT names a collector',
  }),
} as const;

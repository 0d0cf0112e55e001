import { trace } from '@opentelemetry/api';
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';

import { redactAddressesIn } from './address-redaction.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Logger = PinoLogger;

export type LoggerOptions = {
  readonly service: string;
  readonly level: LogLevel;
  /** Where the lines go; the standard output when left out. */
  readonly destination?: DestinationStream;
};

/**
 * One JSON object a line, with the ids of the trace in force. Addresses are masked in the finished line, so that
 * no field, error text or SMTP reply can carry one past it; credentials are blanked by name.
 */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: [...SECRETS, ...SECRETS.map((name) => `*.${name}`)], censor: '***' },
    mixin: traceIds,
    hooks: { streamWrite: redactAddressesIn },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

const SECRETS = ['password', 'secret', 'apiKey', 'authorization', 'privateKey'] as const;

function traceIds(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

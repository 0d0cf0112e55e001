export type { Attributes, Meter, Span } from '@opentelemetry/api';
export * from './address-redaction.ts';
export type { Counted, Distribution, Measured, Observed, PlainCounted, PlainDistribution } from './instruments.ts';
export * from './logger.ts';
export * from './metrics.ts';
export * from './shaping-metrics.ts';
export * from './telemetry.ts';
export * from './trace-carrier.ts';

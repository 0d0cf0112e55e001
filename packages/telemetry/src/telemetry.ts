import { context, trace, type Meter } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

export type TelemetryOptions = {
  readonly service: string;
  readonly version: string;
  /** Base URL of an OTLP collector; `OTEL_EXPORTER_OTLP_ENDPOINT` when left out. With neither, traces carry ids only. */
  readonly otlpEndpoint?: string;
  /** Share of new traces that are recorded, 0 to 1. A trace that comes in keeps the decision of its origin. */
  readonly traceRatio?: number;
};

export type Telemetry = AsyncDisposable & {
  readonly meter: Meter;
  /** All metrics in Prometheus' text format. */
  metricsText(): Promise<string>;
};

export const DEFAULT_TRACE_RATIO = 0.01;
/** The longest that one batch of spans is tried, retries included: their timers would keep a stopped process alive. */
const EXPORT_LIMIT_MS = 2_000;
/** The longest that a stop waits for a collector that does not answer. */
const FLUSH_LIMIT_MS = 2_500;

/**
 * Starts metrics and traces of this process. The first one in a process holds the global tracer and context;
 * a second beside it (tests) has its own metrics and shares the traces.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const resource = resourceFromAttributes({
    'service.name': options.service,
    'service.version': options.version,
  });
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meters = new MeterProvider({ resource, readers: [reader] });
  const serializer = new PrometheusSerializer('', false, /^service\.name$/, false, true);
  const tracers = startTracers(options, resource);
  const holdsTraces = trace.setGlobalTracerProvider(tracers);
  const holdsContext = holdsTraces && context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return {
    meter: meters.getMeter('mxflow', options.version),
    metricsText: async () => serializer.serialize((await reader.collect()).resourceMetrics),
    [Symbol.asyncDispose]: async () => {
      await withinLimit(tracers.shutdown());
      if (holdsTraces) trace.disable();
      if (holdsContext) context.disable();
      await meters.shutdown();
    },
  };
}

function startTracers(
  { otlpEndpoint, traceRatio = DEFAULT_TRACE_RATIO }: TelemetryOptions,
  resource: Resource,
): TracerProvider {
  const endpoint = otlpEndpoint ?? process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (endpoint === undefined || endpoint === '') {
    return new TracerProvider({
      resource,
      sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }),
    });
  }
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: EXPORT_LIMIT_MS,
  });
  return new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(traceRatio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
}

/** A collector that is away must neither keep a process from stopping nor make a clean stop look failed. */
async function withinLimit(flush: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FLUSH_LIMIT_MS);
  });
  await Promise.race([flush.catch(() => undefined), limit]);
  clearTimeout(timer);
}

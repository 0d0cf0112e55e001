import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type TextMapGetter,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

/** Headers of an AMQP message or an HTTP request; only string values are ever read. */
export type CarrierHeaders = Record<string, unknown>;
export type TraceContext = Context;
export type SpanSide = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** Writes `traceparent` (and `tracestate`) of the span in force into `headers` (W3C Trace Context); nothing outside a trace. */
export function injectTrace(headers: CarrierHeaders): void {
  W3C.inject(context.active(), headers, {
    set: (carrier, key, value) => void (carrier[key] = value),
  });
}

/** The trace that `headers` name; a malformed or missing `traceparent` starts none. */
export function extractTrace(headers: CarrierHeaders | undefined): TraceContext {
  return headers === undefined ? ROOT_CONTEXT : W3C.extract(ROOT_CONTEXT, headers, READ_STRINGS);
}

/** The span in force as one string, for a database row; `undefined` outside a trace. */
export function currentTraceparent(): string | undefined {
  const headers: { traceparent?: string } = {};
  injectTrace(headers);
  return headers.traceparent;
}

export function traceFromTraceparent(traceparent: string | null | undefined): TraceContext {
  return traceparent === null || traceparent === undefined ? ROOT_CONTEXT : extractTrace({ traceparent });
}

/** Runs `act` as part of `within`, over all its awaits. */
export function runInTrace<T>(within: TraceContext, act: () => T): T {
  return context.with(within, act);
}

/** A bare name is an internal span of the trace in force. */
export type SpanStart =
  | string
  | {
      readonly name: string;
      readonly side?: SpanSide;
      /** The trace to go on with; the one in force when left out. */
      readonly parent?: TraceContext;
    };

/**
 * Runs `act` inside a span that ends with it and records what it throws.
 *
 * Below an unsampled span no span is made: its children could not be sampled either, and the hot path then pays
 * for one look-up only. The ids in the log stay those of the unsampled parent.
 */
export async function withSpan<T>(
  start: SpanStart,
  attributes: Attributes,
  act: (span: Span) => Promise<T> | T,
): Promise<T> {
  const { name, side = 'internal', parent = context.active() } = typeof start === 'string' ? { name: start } : start;
  const above = trace.getSpan(parent);
  if (above !== undefined && (above.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) {
    return context.with(parent, act, undefined, above);
  }
  const span = trace.getTracer('mxflow').startSpan(name, { kind: KINDS[side], attributes }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), act, undefined, span);
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

const W3C = new W3CTraceContextPropagator();

const KINDS: Readonly<Record<SpanSide, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

const READ_STRINGS: TextMapGetter<CarrierHeaders> = {
  keys: (carrier) => Object.keys(carrier),
  get: (carrier, key) => {
    const value = carrier[key];
    return typeof value === 'string' ? value : undefined;
  },
};

import { context, ROOT_CONTEXT, trace, type Context } from '@opentelemetry/api';

/** The span in force as W3C traceparent, `undefined` outside a trace. */
export function activeTraceparent(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

/** Runs `act` as part of the trace that a traceparent names; a missing or malformed one names none. */
export function runWithin<T>(traceparent: string | undefined, act: () => T): T {
  return traceparent === undefined ? act() : context.with(traceOf(traceparent), act);
}

/** Version, trace id, parent id, flags (W3C Trace Context §3.2). Ids of zeros are invalid. */
const TRACEPARENT = /^[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})/;

function traceOf(traceparent: string): Context {
  const match = TRACEPARENT.exec(traceparent);
  const [, traceId, spanId, flags] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}

import type { OutboxEvent } from '@mxflow/db';

/** A body that would be longer is cut to fewer events; one event alone is sent whatever it takes. */
export const MAX_BODY_OCTETS = 1_000_000;

/** What one request carries: its body, and the events that are done with once it is acknowledged. */
export type WebhookBatch = { readonly body: string; readonly events: readonly OutboxEvent[] };

/** Writes the body of a delivery from the oldest events, as many as fit. `events` has at least one. */
export function batchOf(events: readonly OutboxEvent[]): WebhookBatch {
  const parts: string[] = [];
  let octets = 0;
  for (const event of events) {
    const part = JSON.stringify(toldOf(event));
    octets += Buffer.byteLength(part) + 1;
    if (parts.length > 0 && octets > MAX_BODY_OCTETS) break;
    parts.push(part);
  }
  return { body: `{"events":[${parts.join(',')}]}`, events: events.slice(0, parts.length) };
}

/**
 * `id` names what happened, not the row that waits: it stays the same however often the event is sent, and over a
 * restored database. `sequence` rises from event to event of a message.
 */
function toldOf({ id, body }: OutboxEvent): object {
  const { message, attempt, event } = body;
  return { id: `${String(message)}/${String(attempt)}/${String(event)}`, ...body, sequence: Number(id) };
}

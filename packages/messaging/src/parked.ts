import type { Channel, GetMessage } from 'amqplib';

import { PARKED_HEADERS } from './delivery.ts';
import { UnroutableError } from './errors.ts';
import type { Parcel } from './publisher.ts';
import { PARKED_QUEUE } from './topology.ts';

/** A message set aside. */
export type ParkedMessage = {
  readonly key: string;
  /** The queue it was taken from. */
  readonly queue: string;
  readonly reason: string;
  readonly error?: string;
  /** Milliseconds since the epoch. */
  readonly parkedAt: number;
  /** As it came, valid JSON or not. */
  readonly content: string;
};

export type Replay = {
  readonly replayed: number;
  /** Their queue is gone. */
  readonly kept: number;
};

/** The oldest parked messages. They stay: closing the channel gives them back to the queue. */
export async function listParked(channel: Channel, limit: number): Promise<readonly ParkedMessage[]> {
  const found: ParkedMessage[] = [];
  for await (const message of firstParked(channel, limit)) found.push(describe(message));
  return found;
}

/** Sends parked messages to the queue they came from; one that is poison is parked again, behind those looked at here. */
export async function replayParked(
  channel: Channel,
  limit: number,
  send: (parcel: Parcel) => Promise<void>,
): Promise<Replay> {
  let replayed = 0;
  let kept = 0;
  for await (const message of firstParked(channel, limit)) {
    const { queue, key } = describe(message);
    try {
      await send({
        exchange: '',
        routingKey: queue,
        mandatory: true,
        type: key,
        content: message.content,
        headers: {},
      });
    } catch (error) {
      if (!(error instanceof UnroutableError)) throw error;
      kept += 1;
      continue;
    }
    channel.ack(message);
    replayed += 1;
  }
  return { replayed, kept };
}

/** At most `limit`, and never one that was parked after the start. */
async function* firstParked(channel: Channel, limit: number): AsyncGenerator<GetMessage> {
  const { messageCount } = await channel.checkQueue(PARKED_QUEUE);
  for (let left = Math.min(limit, messageCount); left > 0; left -= 1) {
    const message = await channel.get(PARKED_QUEUE);
    if (message === false) return;
    yield message;
  }
}

function describe(message: GetMessage): ParkedMessage {
  const headers: Readonly<Record<string, unknown>> = message.properties.headers ?? {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const error = headers[PARKED_HEADERS.error];
  return {
    key: text(message.properties.type),
    queue: text(headers[PARKED_HEADERS.queue]),
    reason: text(headers[PARKED_HEADERS.reason]),
    ...(error === undefined ? {} : { error: text(error) }),
    parkedAt: Number(headers[PARKED_HEADERS.parkedAt] ?? 0),
    content: message.content.toString('utf8'),
  };
}

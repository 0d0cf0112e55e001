import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { createTestVhost } from '@mxflow/infra/testing';
import { expect, test } from 'vitest';

import { connectMessaging, done } from '../src/index.ts';
import { Diary, sent } from './diary.ts';

test('a confirm that never comes: the message is sent again on another connection', async () => {
  await using vhost = await createTestVhost();
  await using proxy = await startProxy(vhost.amqpUrl);
  await using messaging = await connectMessaging({ url: proxy.url, name: 'owed', confirmTimeoutMs: 400 });
  const diary = new Diary<string>();
  await messaging.consumeBatch({
    queue: 'outcomes',
    prefetch: 10,
    maxBatch: 1,
    maxWaitMs: 1,
    handler: async (messages) => {
      for (const { body } of messages) diary.write(body.messageId);
      return messages.map(() => done);
    },
  });
  proxy.withholdConfirms();
  await messaging.publish('delivery.sent.v1', sent('8589934592'));
  expect(messaging.unconfirmed).toBe(0);
  // The broker had it all along: at least once is the promise.
  await diary.until((entries) => entries.length >= 2, 10_000);
});

type Proxy = AsyncDisposable & { readonly url: string; withholdConfirms(): void };

/** Stands before the broker, and takes the confirms out of what it says on the connections that are open when it is told to. */
async function startProxy(brokerUrl: string): Promise<Proxy> {
  const broker = new URL(brokerUrl);
  const open = new Set<{ withholds: boolean; readonly sockets: readonly Socket[] }>();
  const server = createServer((client) => {
    const upstream = connect(Number(broker.port), broker.hostname);
    const pair = { withholds: false, sockets: [client, upstream] };
    open.add(pair);
    client.pipe(upstream);
    let rest = Buffer.alloc(0);
    upstream.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let frame = firstFrame(rest); frame !== undefined; frame = firstFrame(rest)) {
        rest = rest.subarray(frame.length);
        if (!pair.withholds || !isConfirm(frame)) client.write(frame);
      }
    });
    for (const socket of pair.sockets) {
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(pair);
        for (const each of pair.sockets) each.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(brokerUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    withholdConfirms: () => {
      for (const pair of open) pair.withholds = true;
    },
    [Symbol.asyncDispose]: async () => {
      for (const { sockets } of open) for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A frame of AMQP 0-9-1: type, channel, size, payload, end (§2.3.5); `undefined` where it is not whole yet. */
function firstFrame(octets: Buffer): Buffer | undefined {
  if (octets.length < 8) return undefined;
  const length = octets.readUInt32BE(3) + 8;
  return octets.length < length ? undefined : octets.subarray(0, length);
}

/** The method basic.ack: class 60, method 80. */
function isConfirm(frame: Buffer): boolean {
  return frame[0] === 1 && frame.readUInt16BE(7) === 60 && frame.readUInt16BE(9) === 80;
}

import { EventEmitter, once } from 'node:events';

import { createTestVhost } from '@mxflow/infra/testing';

import { connectMessaging, type Messaging, type MessagingOptions } from '../src/index.ts';

/** For what the broker counts: an acknowledgement may still be on its way to it when its consumer has stopped. */
export const POLL = { timeout: 20_000, interval: 20 };

/** What was seen, and a way to wait until enough of it was. */
export class Diary<Entry> {
  readonly entries: Entry[] = [];
  readonly #changes = new EventEmitter();

  write(entry: Entry): void {
    this.entries.push(entry);
    this.#changes.emit('change');
  }

  async until(enough: (entries: readonly Entry[]) => boolean, withinMs = 60_000): Promise<readonly Entry[]> {
    const signal = AbortSignal.timeout(withinMs);
    while (!enough(this.entries)) {
      try {
        await once(this.#changes, 'change', { signal });
      } catch (cause) {
        throw new Error(`waited ${withinMs} ms in vain; seen ${JSON.stringify(this.entries.slice(0, 20))}`, { cause });
      }
    }
    return this.entries;
  }

  holds(count: number, withinMs?: number): Promise<readonly Entry[]> {
    return this.until((entries) => entries.length >= count, withinMs);
  }
}

/** A broker of its own for the test, and a connected messaging. */
export async function messagingInWorld(
  options: Partial<MessagingOptions> = {},
): Promise<Messaging & { readonly url: string }> {
  await using made = new AsyncDisposableStack();
  const vhost = made.use(await createTestVhost());
  const messaging = made.use(await connectMessaging({ url: vhost.amqpUrl, name: 'test', ...options }));
  const held = made.move();
  return Object.defineProperties({} as Messaging & { readonly url: string }, {
    ...Object.getOwnPropertyDescriptors(messaging),
    url: { value: vhost.amqpUrl },
    [Symbol.asyncDispose]: { value: () => held.disposeAsync() },
  });
}

export const sent = (messageId: string, text = 'Ok') => ({
  messageId,
  attempt: 1,
  at: 1_700_000_000_000,
  mxHost: 'mx.example.net',
  mxIp: '192.0.2.1',
  source: 1,
  reply: { code: 250, enhanced: '2.0.0', lines: [text] },
});

export const requested = (messageId: string) => ({
  messageId,
  attempt: 1,
  jobNumber: '7',
  siteId: 3,
  domain: 'example.net',
});

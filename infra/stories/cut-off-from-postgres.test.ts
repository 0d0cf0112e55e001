import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

import { expect, test } from 'vitest';

import { STRICT, violationsOf } from './limits.ts';
import { provider, recipientsAt } from './providers.ts';
import { until, untilAccepted } from './until.ts';
import { SHORT_LIFE, startWorld } from './world.ts';

/** When a worker that nobody hears of has stopped by its own clock: its life, and what is in hand. */
const STOPPED_WITHIN_MS = 8000;

test(
  'cut off from Postgres but not from the provider, workers stop within their life, and go on within the limits',
  { timeout: 120_000 },
  async () => {
    const specs = [provider('strict', '127.43.0.1', { replyDelayMs: 30 })];
    await using link = new DatabaseLink();
    await using world = await startWorld({
      providers: specs,
      workers: 2,
      rules: [STRICT],
      settings: SHORT_LIFE,
      databaseThrough: (url) => link.to(url),
    });
    await world.post(recipientsAt(specs, 8000));
    await untilAccepted(world, 200);
    link.cut();
    const cutAt = performance.now();
    let last = world.accepted();
    let lastAt = cutAt;
    await until(
      'nothing more is sent',
      () => {
        if (world.accepted() !== last) [last, lastAt] = [world.accepted(), performance.now()];
        return performance.now() - lastAt;
      },
      { is: (quietMs) => quietMs > 4000, withinMs: 30_000 },
    );
    expect(lastAt - cutAt).toBeLessThan(STOPPED_WITHIN_MS);
    link.restore();
    await untilAccepted(world, last + 200);
    expect(await violationsOf(world, STRICT)).toEqual([]);
  },
);

/** A TCP link to Postgres that can swallow everything without a word, as a broken network does. */
class DatabaseLink {
  readonly #server = createServer((near) => this.#join(near));
  readonly #sockets = new Set<Socket>();
  #target = { host: '127.0.0.1', port: 0 };
  #isCut = false;

  /** The URL of the same database through the link. */
  async to(databaseUrl: string): Promise<string> {
    const url = new URL(databaseUrl);
    this.#target = { host: url.hostname, port: Number(url.port) };
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    url.hostname = '127.0.0.1';
    url.port = String(typeof address === 'object' && address !== null ? address.port : 0);
    return url.href;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  restore(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(near: Socket): void {
    const far = connect(this.#target);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (octets) => to.write(octets));
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => this.#sockets.delete(from));
      if (this.#isCut) from.pause();
    }
  }
}

import { randomBytes } from 'node:crypto';

import { whichBroker, type Broker } from './which-servers.ts';

/** A virtual host of its own, dropped at the end with its connections. */
export type TestVhost = AsyncDisposable & {
  readonly amqpUrl: string;
  /** Makes it again, empty: after the broker lost its data, or to cut off every connection. */
  readonly recreate: () => Promise<void>;
};

export async function createTestVhost(on?: Broker): Promise<TestVhost> {
  const { url, management } = on ?? (await whichBroker());
  const name = `mxt-${randomBytes(6).toString('hex')}`;
  await management.createVhost(name);
  const amqpUrl = new URL(url);
  amqpUrl.pathname = `/${name}`;
  return {
    amqpUrl: amqpUrl.href,
    async recreate() {
      await management.dropVhost(name);
      await management.createVhost(name);
    },
    [Symbol.asyncDispose]: () => management.dropVhost(name),
  };
}

import { createTestDatabase, type Prepared } from './test-database.ts';
import { createTestVhost } from './test-vhost.ts';
import type { Broker } from './which-servers.ts';

/** A database and a virtual host that no other test sees; both are dropped at the end. */
export type World = AsyncDisposable & {
  readonly databaseUrl: string;
  readonly amqpUrl: string;
  /** Makes the virtual host again, empty: after the broker lost its data, or to cut off every connection. */
  readonly recreateVhost: () => Promise<void>;
};

export type WorldOptions = Partial<Prepared> & {
  /** Other servers than the run's own: those that the test kills. What `startServers` returns fits. */
  readonly on?: { readonly postgres: { readonly url: string }; readonly rabbit: Broker };
};

/**
 * `await using world = await createWorld()`: on the servers that DATABASE_URL and AMQP_URL name, else on private ones
 * that the first such call of a run starts.
 */
export async function createWorld({ on, ...prepared }: WorldOptions = {}): Promise<World> {
  await using made = new AsyncDisposableStack();
  const server = on === undefined ? {} : { serverUrl: on.postgres.url };
  const [database, vhost] = await Promise.allSettled([
    createTestDatabase({ ...prepared, ...server }),
    createTestVhost(on?.rabbit),
  ]);
  for (const one of [database, vhost]) if (one.status === 'fulfilled') made.use(one.value);
  if (database.status === 'rejected') throw database.reason;
  if (vhost.status === 'rejected') throw vhost.reason;
  const held = made.move();
  return {
    databaseUrl: database.value.databaseUrl,
    amqpUrl: vhost.value.amqpUrl,
    recreateVhost: vhost.value.recreate,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

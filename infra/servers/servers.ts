import { startPostgres, type Durability, type PostgresServer } from './postgres.ts';
import { startRabbit, type RabbitServer } from './rabbit.ts';
import { openStateFolder, type StateFolder } from './state-folder.ts';

/** The private nodes of a one-machine stack. */
export type Servers = AsyncDisposable & {
  readonly postgres: PostgresServer;
  readonly rabbit: RabbitServer;
  readonly readyAfterSeconds: number;
};

export type ServersOptions = {
  /** A name keeps the data for the next start with that name. Without one, the data goes when the servers stop. */
  readonly name?: string;
  readonly durability: Durability;
};

export async function startServers({ name, durability }: ServersOptions): Promise<Servers> {
  await using started = new AsyncDisposableStack();
  const servers = started.use(await startServersIn(started.use(openStateFolder(name)), durability));
  const held = started.move();
  return { ...servers, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Both at once. The folder stays the caller's. */
export async function startServersIn(folder: StateFolder, durability: Durability): Promise<Servers> {
  const startedAt = performance.now();
  await using started = new AsyncDisposableStack();
  const [postgres, rabbit] = await Promise.allSettled([
    startPostgres({ folder, durability }),
    startRabbit({ folder, durability }),
  ]);
  // What did start is stopped again when the other did not.
  for (const one of [postgres, rabbit]) if (one.status === 'fulfilled') started.use(one.value);
  if (postgres.status === 'rejected') throw postgres.reason;
  if (rabbit.status === 'rejected') throw rabbit.reason;
  const held = started.move();
  return {
    postgres: postgres.value,
    rabbit: rabbit.value,
    readyAfterSeconds: (performance.now() - startedAt) / 1000,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

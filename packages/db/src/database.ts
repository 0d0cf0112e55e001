import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.ts';

/** A pool of connections with the typed client on top. Owned by one process; closed when disposed of. */
export type Database = AsyncDisposable & {
  readonly client: PrismaClient;
  /** True when Postgres answers within the client's own time-out. */
  answers(): Promise<boolean>;
};

/** What repositories run on: the client, or a transaction of it. */
export type Statements = Pick<PrismaClient, '$queryRawUnsafe' | '$executeRawUnsafe'>;

/** What reads run on: a database, or a transaction as one. */
export type Reads = { readonly client: Statements };

/**
 * Opens a pool. Connections are made when first needed, so that a process can start before Postgres does.
 *
 * @param poolSize most connections held at once.
 */
export function openDatabase(url: string, { poolSize = 5, name = 'mxflow' } = {}): Database {
  const adapter = new PrismaPg(
    { connectionString: url, max: poolSize, application_name: name, connectionTimeoutMillis: 5000 },
    // A connection that breaks while idle is replaced by the pool; statements report their own errors.
    { onPoolError: () => {}, onConnectionError: () => {} },
  );
  const client = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 5000, timeout: 30_000 },
  });
  return {
    client,
    answers: async () => {
      try {
        await client.$queryRawUnsafe('SELECT 1');
        return true;
      } catch {
        // Why it does not answer is reported by whoever needed it; a health check only says that it does not.
        return false;
      }
    },
    [Symbol.asyncDispose]: () => client.$disconnect(),
  };
}

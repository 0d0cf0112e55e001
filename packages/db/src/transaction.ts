import type { Database, Statements } from './database.ts';

/** SQLSTATE of transactions that Postgres has ended for the sake of others, and that lose nothing by starting again. */
const GIVEN_WAY: ReadonlySet<unknown> = new Set(['40001', '40P01']);
const MOST_TRIES = 5;

/**
 * Runs a transaction, again where two locked each other out. Rows are locked in one order wherever there are many; where
 * an order would cost more than the rare second try, this is what makes it harmless.
 */
export async function inTransaction<T>(database: Database, run: (tx: Statements) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await database.client.$transaction(run);
    } catch (error) {
      if (tries === MOST_TRIES || !hasGivenWay(error)) throw error;
    }
  }
}

function hasGivenWay(error: unknown): boolean {
  const { meta } = error as { readonly meta?: { readonly driverAdapterError?: { readonly cause?: unknown } } };
  const { originalCode } = (meta?.driverAdapterError?.cause ?? {}) as { readonly originalCode?: unknown };
  return GIVEN_WAY.has(originalCode);
}

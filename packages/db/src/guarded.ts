import type { Database } from './database.ts';

/**
 * What the guard watches has a number: a site's own; a provider's, which no site has; or this one, which stands for the
 * resolver: domains that do not exist, over all sites. A filter by such a number means everything under it.
 */
export const RESOLVER_SITE = 0;

/** In SQL, the sites that a number stands for: itself, and all sites of the provider. */
export function sitesUnder(id: string): string {
  return `(ARRAY(SELECT s.id FROM sites s WHERE s.provider_id = ${id}) || ${id}::int)`;
}

/** True in SQL where a row with a site and a reason lies under a number; under null lies everything. */
export function liesUnder(row: string, id: string): string {
  return `(${id}::int IS NULL OR ${row}.site_id = ANY ${sitesUnder(id)}
    OR (${id} = ${RESOLVER_SITE} AND ${row}.reason = 'invalid-domain'))`;
}

/** True in SQL where a number is a provider's. */
export function isProvider(id: string): string {
  return `EXISTS (SELECT FROM providers p WHERE p.id = ${id})`;
}

/** The number of a provider, by its name; `undefined` where no site of it is known. */
export async function findProvider(database: Database, name: string): Promise<number | undefined> {
  const [found] = await database.client.$queryRawUnsafe<{ id: number }[]>(
    `SELECT id FROM providers WHERE name = lower($1)`,
    name,
  );
  return found?.id;
}

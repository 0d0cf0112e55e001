import type { Database, Statements } from './database.ts';

/** The list that a job `j` belongs to, in SQL: the one that it names, else everything of its author. */
const LIST = `coalesce(j.settings ->> 'listId', lower(j.settings #>> '{from,address}'))`;

/**
 * True in SQL where an address has left the list of job `j` since that was accepted. Jobs accepted later are upstream's
 * to answer for: it hears of every unsubscription.
 *
 * @param address the address's key, in SQL.
 */
export function hasLeftList(address: string): string {
  return `EXISTS (SELECT FROM unsubscribes u WHERE u.address = ${address} AND u.tenant_id = j.tenant_id
    AND u.list = ${LIST} AND u.at >= coalesce(j.accepted_at, j.created_at))`;
}

/** Takes addresses off the lists of the jobs that they were mailed by: what of those is not sent yet never will be. */
export async function leaveLists(
  tx: Statements,
  left: readonly { readonly address: string; readonly jobNumber: string }[],
): Promise<void> {
  if (left.length === 0) return;
  await tx.$executeRawUnsafe(
    `INSERT INTO unsubscribes AS u (address, tenant_id, list)
     SELECT DISTINCT l.address, j.tenant_id, ${LIST}
     FROM jsonb_to_recordset($1::jsonb) AS l(address text, job_id bigint) JOIN jobs j ON j.id = l.job_id
     ORDER BY 1, 2, 3
     ON CONFLICT (address, tenant_id, list) DO UPDATE SET at = excluded.at`,
    JSON.stringify(left.map(({ address, jobNumber }) => ({ address, job_id: jobNumber }))),
  );
}

/** A list that an address has left, of any tenant. */
export type LeftList = { readonly list: string; readonly at: Date };

/** What an address has left, the last first. */
export async function listsLeft(database: Database, address: string): Promise<readonly LeftList[]> {
  return await database.client.$queryRawUnsafe<LeftList[]>(
    `SELECT list, at FROM unsubscribes WHERE address = $1 ORDER BY at DESC, list`,
    address,
  );
}

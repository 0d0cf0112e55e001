import type { Database } from './database.ts';

/** One source towards one address of an MX host. */
export type PathName = { readonly publicId: number; readonly mxIp: string };

/**
 * Counts one more failure to reach an MX host from a source, and lets the path rest, for all workers. Failures that meet
 * a path at rest are the same one.
 *
 * @param restSeconds by number of failures in a row, the first at index 0; the last holds for all that follow.
 */
export async function recordPathFailure(
  database: Database,
  { publicId, mxIp, because, restSeconds }: PathName & { because: string; restSeconds: readonly number[] },
): Promise<void> {
  await database.client.$executeRawUnsafe(
    `INSERT INTO path_back_off AS b (public_id, mx_ip, failures, blocked_until, reason)
     VALUES ($1, $2, 1, mxflow_now() + ($4::float8[])[1] * interval '1 second', $3)
     ON CONFLICT (public_id, mx_ip) DO UPDATE SET failures = b.failures + 1, reason = $3,
       blocked_until = mxflow_now() + ($4::float8[])[least(b.failures + 1, cardinality($4::float8[]))] * interval '1 second'
     WHERE b.blocked_until IS NULL OR b.blocked_until <= mxflow_now()`,
    publicId,
    mxIp,
    because.replaceAll('\u0000', '').slice(0, 2000),
    restSeconds,
  );
}

/** A path starts from zero: it was reached, or an operator lifted its rest. `false`: it had not failed. */
export async function clearPathFailures(database: Database, { publicId, mxIp }: PathName): Promise<boolean> {
  const cleared = await database.client.$executeRawUnsafe(
    `DELETE FROM path_back_off WHERE public_id = $1::int AND mx_ip = $2`,
    publicId,
    mxIp,
  );
  return cleared > 0;
}

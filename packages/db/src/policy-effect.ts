import type { FailureReason } from '@mxflow/domain';

import type { Database } from './database.ts';

/** What a policy of a reason does to the addresses that are known. */
export type PolicyEffect = {
  /** Addresses in quarantine for this reason: a change of the policy leaves them where they are. */
  readonly quarantined: number;
  /** Addresses with errors, the last of them for this reason, that the next such error would quarantine. */
  readonly atNextError: number;
};

/**
 * Counts whom a policy concerns.
 *
 * @param quarantineAt the counted error at which it quarantines; `null`: never.
 */
export async function countPolicyEffect(
  database: Database,
  { reason, quarantineAt }: { readonly reason: FailureReason; readonly quarantineAt: number | null },
): Promise<PolicyEffect> {
  const [row] = await database.client.$queryRawUnsafe<PolicyEffect[]>(
    `SELECT count(*) FILTER (WHERE status = 'quarantined')::int AS quarantined,
       count(*) FILTER (WHERE status = 'with-errors' AND error_count + 1 >= $2::int)::int AS "atNextError"
     FROM quarantine WHERE reason = $1 AND status IN ('quarantined', 'with-errors')`,
    reason,
    quarantineAt,
  );
  return row ?? { quarantined: 0, atNextError: 0 };
}

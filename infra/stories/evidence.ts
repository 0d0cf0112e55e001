import { readReferee } from '@mxflow/provider-sim';

import type { Campaign } from '../demo/campaign.ts';
import type { World } from './world.ts';

/** What the log, the counters and the providers say about a job, for one to be held against the other. */
export type Evidence = {
  /** Messages by their last status, counted in the log. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Attempts that the log calls in doubt. */
  readonly inDoubt: number;
  /** Addresses that a provider accepted more often than once. */
  readonly twice: readonly string[];
  /** One sentence for each thing that is not as it must be, whatever happened. */
  readonly faults: readonly string[];
};

type LoggedMessage = {
  readonly address: string;
  readonly rows: number;
  readonly attempts: number;
  readonly status: string;
  readonly inDoubt: number;
};

/**
 * Gathers what is known about a job that has ended, and what of it contradicts itself: every message has one end and
 * one row an attempt; the counters are those of the log; nothing waits; `sent` was accepted, once, or more often only
 * after an attempt in doubt; everything else never was, but for the in-doubt.
 *
 * @param simulated no provider was to see the job.
 */
export async function gatherEvidence(
  world: World,
  campaign: Campaign,
  { simulated = false }: { readonly simulated?: boolean } = {},
): Promise<Evidence> {
  const { counts, recipients } = await campaign.view();
  const log = await readLog(world, campaign);
  const accepted = await countAccepted(world);
  const statuses = Object.fromEntries(
    [...Map.groupBy(log, ({ status }) => status)].map(([status, of]) => [status, of.length]),
  );
  const inDoubt = log.reduce((sum, message) => sum + message.inDoubt, 0);
  const waiting = await countWork(world, campaign);
  const faults = [
    ...(log.length === recipients ? [] : [`the log knows ${log.length} messages of ${recipients}`]),
    ...(waiting === 0 ? [] : [`${waiting} messages wait though the job has ended`]),
    ...(counts.inDoubt === inDoubt ? [] : [`counted in doubt: ${counts.inDoubt}, logged: ${inDoubt}`]),
    ...(['pending', 'sent', 'deferred', 'failed', 'ignored', 'expired', 'cancelled'] as const)
      .filter((status) => counts[status] !== (statuses[status] ?? 0))
      .map((status) => `counted ${status}: ${counts[status]}, logged: ${statuses[status] ?? 0}`),
    ...log.flatMap(faultsOfLog),
    ...(simulated ? [] : log.flatMap((message) => faultsOfAcceptance(message, accepted.get(message.address) ?? 0))),
  ];
  const twice = log.map(({ address }) => address).filter((address) => (accepted.get(address) ?? 0) > 1);
  const heardLater = log.reduce((sum, { rows, attempts }) => sum + rows - attempts, 0);
  tell(
    `${JSON.stringify(statuses)}, in doubt ${inDoubt}, heard of later ${heardLater}, accepted twice ${twice.length}`,
  );
  return { statuses, inDoubt, twice, faults };
}

function faultsOfLog({ address, rows, attempts, inDoubt }: LoggedMessage): readonly string[] {
  // An outcome that comes after its attempt was called in doubt is logged besides.
  return rows - attempts <= inDoubt ? [] : [`${address}: ${rows} rows in the log for ${attempts} attempts`];
}

function faultsOfAcceptance({ address, status, inDoubt }: LoggedMessage, accepted: number): readonly string[] {
  if (status === 'sent' && accepted === 0) return [`${address}: logged as sent, accepted by nobody`];
  if (accepted <= (status === 'sent' ? 1 : 0) + inDoubt) return [];
  return [`${address}: logged as ${status} with ${inDoubt} attempts in doubt, accepted ${accepted} times`];
}

/** By message: how many rows and attempts, the last status, how many attempts in doubt. */
async function readLog(world: World, { id }: Campaign): Promise<readonly LoggedMessage[]> {
  return await world.query<LoggedMessage>(
    `SELECT min(l.address) AS address, count(*)::int AS rows, count(DISTINCT l.attempt)::int AS attempts,
       (array_agg(l.status::text ORDER BY l.id DESC))[1] AS status, (count(*) FILTER (WHERE l.in_doubt))::int AS "inDoubt"
     FROM delivery_log l JOIN jobs j ON j.id = l.job_id WHERE j.public_id = $1 GROUP BY l.message_id`,
    [id],
  );
}

async function countWork(world: World, { id }: Campaign): Promise<number> {
  const [row] = await world.query<{ messages: number }>(
    'SELECT count(*)::int AS messages FROM work w JOIN jobs j ON j.id = w.job_id WHERE j.public_id = $1',
    [id],
  );
  return row?.messages ?? 0;
}

/** By address: how often providers accepted it. */
async function countAccepted({ sims, refereeFile }: World): Promise<ReadonlyMap<string, number>> {
  sims.referee.flush();
  const accepted = new Map<string, number>();
  for await (const event of readReferee(refereeFile)) {
    if (event.e === 'accepted') accepted.set(event.rcpt, (accepted.get(event.rcpt) ?? 0) + 1);
  }
  return accepted;
}

/** One line for whoever watches the run. */
function tell(line: string): void {
  process.stdout.write(`  ${line}\n`);
}

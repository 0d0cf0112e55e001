import { jobNumberOf, type MessageId } from '@mxflow/domain';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  openDatabase,
  recordBounces,
  recordOutcomes,
  undoQuarantine,
  type Database,
  type RecordedOutcome,
  type ReportedBounce,
} from '../src/index.ts';
import {
  bounced,
  complained,
  countsOf,
  DAY,
  DAY_ZERO,
  failed,
  insertSending,
  insertSpread,
  newSite,
  newSites,
  sent,
  setClock,
  standingOf,
  type TestReason,
} from './quarantine-world.ts';
import { openTestDatabase } from './world.ts';

const stack = new AsyncDisposableStack();
let database: Awaited<ReturnType<typeof openTestDatabase>>;
let recorders: readonly Database[];
beforeAll(async () => {
  database = stack.use(await openTestDatabase());
  recorders = [1, 2, 3].map(() => stack.use(openDatabase(database.url, { poolSize: 2 })));
  await database.client.quarantineSettings.updateMany({ data: { guardAddresses: 100_000 } });
});
afterAll(() => stack.disposeAsync());

/** What becomes of the one message that an address gets on a day. */
type Fate = 'sent' | 'sent, complained' | `failed ${TestReason}` | `sent, bounced ${TestReason}`;

const REASONS: readonly TestReason[] = ['user-unknown', 'mailbox-full', 'inactive-user', 'refused', 'unreachable'];
const anyFate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 3, arbitrary: fc.constant('sent' as const) },
  { weight: 1, arbitrary: fc.constant('sent, complained' as const) },
  { weight: 4, arbitrary: fc.constantFrom(...REASONS).map((reason): Fate => `failed ${reason}`) },
  { weight: 4, arbitrary: fc.constantFrom(...REASONS).map((reason): Fate => `sent, bounced ${reason}`) },
);
/** Days of mail to the same addresses. */
const anyCampaign = fc.array(fc.array(anyFate, { minLength: 12, maxLength: 12 }), { minLength: 3, maxLength: 4 });

type Told = { readonly outcome: RecordedOutcome; readonly bounce: ReportedBounce | undefined };

function toldOf(id: MessageId, fate: Fate): Told {
  const reason = fate.split(' ').at(-1) as TestReason;
  if (fate.startsWith('failed ')) return { outcome: failed(id, reason), bounce: undefined };
  if (fate === 'sent') return { outcome: sent(id), bounce: undefined };
  return { outcome: sent(id), bounce: fate === 'sent, complained' ? complained(id) : bounced(id, reason) };
}

/** Everything that is left, addresses and ids taken out. */
async function remains(domain: string, jobs: readonly string[]): Promise<object> {
  const rows = await database.client.$queryRawUnsafe<object[]>(
    `SELECT split_part(q.address, '@', 1) AS name, status::text, error_count, reason, counted_at, success_at,
       quarantined_at, release_at,
       (SELECT count(*) FROM quarantine_history h WHERE h.address = q.address)::int AS changes
     FROM quarantine q WHERE domain = $1 ORDER BY 1`,
    domain,
  );
  const log = await database.client.$queryRawUnsafe<object[]>(
    `SELECT message_id & 134217727 AS ordinal, array_position($1::bigint[], job_id) AS job,
       array_agg(status::text || coalesce(failure_reason, '') ORDER BY id) FILTER (WHERE status <> 'sent') AS told
     FROM delivery_log WHERE job_id = ANY ($1::bigint[]) GROUP BY 1, 2 ORDER BY 2, 1`,
    jobs,
  );
  return { rows, log, counts: await Promise.all(jobs.map((job) => countsOf(database, job))) };
}

async function campaign(
  days: readonly (readonly Fate[])[],
  domain: string,
  run: (told: readonly Told[]) => Promise<void>,
): Promise<object> {
  // The guard locks sites and their provider.
  const sites = await newSites(database, 3, 'races.example');
  const jobs: string[] = [];
  for (const [day, fates] of days.entries()) {
    await setClock(database, DAY_ZERO + day * DAY);
    const ids = await insertSpread(database, sites, { domain, messages: fates.length });
    jobs.push(jobNumberOf(ids[0]!));
    await run(fates.map((fate, n) => toldOf(ids[n]!, fate)));
  }
  return await remains(domain, jobs);
}

test('many recorders at once, with repeats and in any order, leave the same rows as one after another', async () => {
  let round = 0;
  await fc.assert(
    fc.asyncProperty(anyCampaign, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), async (days, dice) => {
      round += 1;
      const draw = (): number => dice.next().value as number;
      const shuffled = <T>(items: readonly T[]): readonly T[] =>
        items
          .map((item) => [draw(), item] as const)
          .toSorted(([one], [other]) => one - other)
          .map(([, item]) => item);
      const serial = await campaign(days, `serial${round}.example`, async (told) => {
        await recordOutcomes(
          database,
          told.map(({ outcome }) => outcome),
        );
        await recordBounces(
          database,
          told.flatMap(({ bounce }) => bounce ?? []),
        );
      });
      const atOnce = await campaign(days, `atonce${round}.example`, async (told) => {
        const outcomes = shuffled([...told, ...told, ...told].map(({ outcome }) => outcome));
        const bounces = shuffled([...told, ...told, ...told].flatMap(({ bounce }) => bounce ?? []));
        const batches = [0, 1, 2, 3, 4, 5].map((part) => ({
          outcomes: outcomes.filter((_, n) => n % 6 === part),
          bounces: bounces.filter((_, n) => n % 6 === part),
        }));
        await Promise.all(
          batches.flatMap((batch, n) => {
            const recorder = recorders[n % recorders.length] ?? database;
            return [recordOutcomes(recorder, batch.outcomes), recordBounces(recorder, batch.bounces)];
          }),
        );
        // A bounce that a deadlock or a missing outcome held up comes again.
        await recordBounces(database, bounces);
      });
      expect(atOnce).toEqual(serial);
    }),
    // Each run takes its time, and shrinking would take many.
    { numRuns: 10, endOnFailure: true },
  );
}, 180_000);

test('an error that comes while its address is put back by an undo counts, as after it', async () => {
  const { client } = database;
  const address = 'back@undone.example';
  const siteId = await newSite(database);
  await setClock(database, DAY_ZERO);
  const { ids } = await insertSending(database, [address, address], { siteId });
  const [first = expect.fail('no message'), second = expect.fail('no message')] = ids;
  await recordOutcomes(database, [failed(first, 'user-unknown')]);
  await using gate = openDatabase(database.url, { poolSize: 1 });
  await gate.client.$queryRawUnsafe(`SELECT pg_advisory_lock(4243)::text`);
  await client.$executeRawUnsafe(
    `CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql
     AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(4243); RETURN NULL; END'`,
  );
  await client.$executeRawUnsafe(
    `CREATE TRIGGER gate BEFORE DELETE ON quarantine FOR EACH STATEMENT EXECUTE FUNCTION wait_at_gate()`,
  );
  const waiting = async () =>
    (await gate.client.$queryRawUnsafe<object[]>(`SELECT FROM pg_locks WHERE NOT granted`)).length;
  const window = { from: new Date(DAY_ZERO), to: new Date(DAY_ZERO + DAY) };
  const [undo, error] = recorders;
  const undone = undoQuarantine(undo ?? database, window, { actor: 'test', dryRun: false });
  await expect.poll(waiting, { interval: 10 }).toBe(1);
  const recorded = recordOutcomes(error ?? database, [failed(second, 'user-unknown')]);
  await expect.poll(waiting, { interval: 10 }).toBe(2);
  await gate.client.$queryRawUnsafe(`SELECT pg_advisory_unlock(4243)::text`);
  await Promise.all([undone, recorded]);
  expect(await standingOf(database, address)).toMatchObject({ status: 'quarantined', errors: 1 });
});

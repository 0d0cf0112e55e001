import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import {
  countQuarantine,
  explainAddress,
  historyOf,
  pageEntries,
  putEntries,
  recordOutcomes,
  releaseEntries,
  type QuarantineFilter,
} from '../src/index.ts';
import { DAY, DAY_ZERO, failed, insertSending, newSite, setClock, standingOf } from './quarantine-world.ts';
import { openTestDatabase } from './world.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await setClock(database, DAY_ZERO);
  await database.client.quarantineEntry.deleteMany();
});

const importing = { cause: 'import', actor: 'test', dryRun: false } as const;
const allOf = async (filter: QuarantineFilter, limit: number): Promise<readonly string[]> => {
  const found: string[] = [];
  for (;;) {
    const page = await pageEntries(database, filter, { after: found.at(-1), limit });
    found.push(...page.map(({ address }) => address));
    if (page.length < limit) return found;
  }
};

test('an import tells what it would do, does it, and does nothing the second time', async () => {
  const edits = [
    { address: 'A@one.example', status: 'denylisted', text: 'asked by phone' },
    { address: 'b@one.example', status: 'quarantined', reason: 'mailbox-full', errors: 3, releaseAt: DAY_ZERO + DAY },
    { address: 'b@One.example', status: 'allow-listed' },
  ] as const;
  expect(await putEntries(database, edits, { ...importing, dryRun: true })).toEqual({
    added: 2,
    changed: 0,
    unchanged: 0,
  });
  expect(await standingOf(database, 'a@one.example')).toBeUndefined();
  expect(await putEntries(database, edits, importing)).toEqual({ added: 2, changed: 0, unchanged: 0 });
  expect(await standingOf(database, 'a@one.example')).toMatchObject({
    status: 'denylisted',
    quarantinedAt: 0,
    domain: 'one.example',
  });
  expect(await standingOf(database, 'b@one.example')).toMatchObject({ status: 'allow_listed', errors: 0 });
  await setClock(database, DAY_ZERO + DAY);
  expect(await putEntries(database, edits, importing)).toEqual({ added: 0, changed: 0, unchanged: 2 });
  expect(await historyOf(database, 'a@one.example', { limit: 10 })).toMatchObject([
    { cause: 'import', actor: 'test', statusBefore: 'valid' },
  ]);
  const valid = [{ address: 'a@one.example', status: 'valid' }] as const;
  expect(await putEntries(database, valid, { ...importing, cause: 'edit' })).toEqual({
    added: 0,
    changed: 1,
    unchanged: 0,
  });
  expect((await explainAddress(database, 'a@one.example')).barred).toBe(false);
});

test('what is exported page by page can be imported elsewhere and is the same', async () => {
  const edits = Array.from({ length: 25 }, (_, n) => ({
    address: `r${n}@two.example`,
    status: n % 2 === 0 ? ('quarantined' as const) : ('denylisted' as const),
    errors: n,
    text: 'line\nwith "quotes", commas; and ü',
    ...(n % 4 === 0 ? { releaseAt: DAY_ZERO + n * DAY } : {}),
  }));
  await putEntries(database, edits, importing);
  const exported = await pageEntries(database, {}, { limit: 100 });
  expect(new Set(await allOf({}, 7))).toEqual(new Set(edits.map(({ address }) => address)));
  await database.client.quarantineEntry.deleteMany();
  await setClock(database, DAY_ZERO + 100 * DAY);
  await putEntries(
    database,
    exported.map(({ address, status, errors, text, quarantinedAt, releaseAt }) => ({
      address,
      status,
      errors,
      text: text ?? undefined,
      quarantinedAt: quarantinedAt ?? undefined,
      releaseAt: releaseAt ?? undefined,
    })),
    importing,
  );
  const again = await pageEntries(database, {}, { limit: 100 });
  expect(again.map((row) => ({ ...row, changedAt: 0 }))).toEqual(exported.map((row) => ({ ...row, changedAt: 0 })));
});

test('after an outage: a release by text, domain, reason and date, tried first', async () => {
  const siteId = await newSite(database);
  const mail = async (address: string, reason: 'user-unknown' | 'mailbox-full', day: number) => {
    await setClock(database, DAY_ZERO + day * DAY);
    const { ids } = await insertSending(database, [address], { siteId });
    await recordOutcomes(
      database,
      ids.map((id) => failed(id, reason)),
    );
  };
  for (const n of [1, 2, 3]) await mail(`r${n}@three.example`, 'user-unknown', 1);
  await mail('early@three.example', 'user-unknown', 0);
  await mail('other@four.example', 'user-unknown', 1);
  await mail('errors@three.example', 'mailbox-full', 1);
  await putEntries(
    database,
    [{ address: 'deny@three.example', status: 'denylisted', text: 'User unknown' }],
    importing,
  );
  const filter = {
    text: 'USER UNKNOWN',
    domain: 'three.example',
    reason: 'user-unknown',
    from: new Date(DAY_ZERO + 0.5 * DAY),
    to: new Date(DAY_ZERO + 1.5 * DAY),
  } as const;
  const tried = await releaseEntries(database, filter, { actor: 'test', dryRun: true });
  expect(tried).toEqual({ released: 3, sample: ['r1@three.example', 'r2@three.example', 'r3@three.example'] });
  expect(await standingOf(database, 'r1@three.example')).toMatchObject({ status: 'quarantined' });
  expect(await releaseEntries(database, filter, { actor: 'test', dryRun: false })).toEqual(tried);
  expect(await releaseEntries(database, filter, { actor: 'test', dryRun: false })).toEqual({ released: 0, sample: [] });
  expect(await standingOf(database, 'r1@three.example')).toMatchObject({ status: 'valid', errors: 0 });
  expect(await historyOf(database, 'r1@three.example', { limit: 1 })).toMatchObject([
    {
      cause: 'bulk-release',
      actor: 'test',
      statusBefore: 'quarantined',
      statusAfter: 'valid',
      rule: 'Address_unknown',
    },
  ]);
  expect(await countQuarantine(database)).toEqual({ valid: 3, quarantined: 2, denylisted: 1, 'with-errors': 1 });
});

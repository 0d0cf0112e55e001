import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import {
  askForSync,
  beginRun,
  deleteLocalRule,
  deleteMxRule,
  enableRule,
  endRun,
  forgetVersions,
  leaveCustom,
  listBounceRules,
  listFeedbackRules,
  listSyncRuns,
  loadBundledRules,
  pinVersion,
  putBounceRule,
  putMxRule,
  readQuarantineTerms,
  readReadingVersion,
  readRuleSet,
  readSyncState,
  seedBounceRules,
  seedDomainRules,
  seedFeedbackRules,
  setBounceRulesInCustom,
  setLevel,
  unpinVersion,
} from '../src/index.ts';
import {
  any,
  bounceIds,
  bounceRule,
  bundled,
  feedbackRule,
  mxIds,
  mxRule,
  now,
  pull,
  setOf,
  terms,
  tried,
} from './rule-set-world.ts';

test('a set takes the place of the bundled rules, and starting again does not bring those back', async () => {
  await using database = await bundled();
  const before = await readRuleSet(database);
  expect(await pull(database, setOf(3))).toMatchObject({ outcome: 'applied', versionBefore: null, versionAfter: 3 });
  const after = await readRuleSet(database);
  expect(after.rules).toEqual(setOf(3).rules.mxRules);
  expect(after.version).toBe(before.version + 1);
  expect((await listBounceRules(database)).rules).toMatchObject([
    { id: 'b1', pattern: 'b1', origin: 'pulled' },
    { id: 'b2', origin: 'pulled' },
  ]);
  expect((await listFeedbackRules(database)).map(({ id }) => id)).toEqual(['f1']);
  expect(after.domainRules).toEqual(setOf(3).rules.domainRules);
  expect((await readQuarantineTerms(database.client)).policies['mailbox-full']).toMatchObject({ quarantineAt: 5 });
  const reading = await readReadingVersion(database);
  expect(await loadBundledRules(database)).toBe(false);
  expect(await seedBounceRules(database, [bounceRule('b0')])).toBe(false);
  await seedFeedbackRules(database, [feedbackRule('f0')]);
  await seedDomainRules(database);
  expect(await readRuleSet(database)).toEqual(after);
  expect(await readReadingVersion(database)).toBe(reading);
  // The same set again announces nothing.
  expect(await pull(database, setOf(3))).toMatchObject({ outcome: 'unchanged' });
  expect((await readRuleSet(database)).version).toBe(after.version);
  expect((await readSyncState(database)).lists).toMatchObject({ mx_rules: 3, bounce_rules: 3, policies: 3 });
});

test("operators' rules stay where they are, lie over the set's, and give way in one step", async () => {
  await using database = await bundled();
  await pull(database, setOf(1));
  await putMxRule(database, { ...mxRule('ours'), origin: 'local' });
  await putMxRule(database, { ...mxRule('late'), origin: 'local' }, 'two');
  await putMxRule(database, { ...mxRule('two', 1), origin: 'local' });
  await putBounceRule(database, bounceRule('mine'));
  await putBounceRule(database, bounceRule('b2', 'zwei'));
  await enableRule(database, 'bounce_rules', { id: 'b1', enabled: false });
  const next = { mxRules: [mxRule('new'), mxRule('one', 7), mxRule('two'), any], bounceRules: [bounceRule('b2')] };
  await pull(database, setOf(2, next));
  expect(await mxIds(database)).toEqual(['ours', 'new', 'one', 'late', 'two', 'any']);
  const { rules } = await readRuleSet(database);
  expect(rules.map(({ id, limits }) => [id, limits.boost?.maxConnections])).toContainEqual(['two', 1]);
  expect(await bounceIds(database)).toEqual(['mine', 'b2']);
  expect(await deleteMxRule(database, 'two')).toBe('done');
  expect(await deleteLocalRule(database, 'bounce_rules', 'b2')).toBe('done');
  expect((await readRuleSet(database)).rules.find(({ id }) => id === 'two')).toEqual(mxRule('two'));
  expect((await listBounceRules(database)).rules[1]).toMatchObject({ id: 'b2', pattern: 'b2', origin: 'pulled' });
  // A rule that was switched off is still off when a set brings it again.
  await pull(database, setOf(3));
  expect((await listBounceRules(database)).rules.find(({ id }) => id === 'b1')).toMatchObject({ enabled: false });
});

test('a lower version, and the same with other rules in it, change nothing and say why', async () => {
  await using database = await bundled();
  await pull(database, setOf(5));
  const before = await readRuleSet(database);
  const other = { mxRules: [any] };
  expect(await pull(database, setOf(4, other))).toMatchObject({ outcome: 'refused', because: 'lower-version' });
  expect(await pull(database, setOf(5, other))).toMatchObject({ outcome: 'refused', because: 'other-content' });
  expect(await readRuleSet(database)).toEqual(before);
  const state = await readSyncState(database);
  expect(state).toMatchObject({ newest: 5, failures: 2, because: 'other-content', etag: null });
  expect((state.retryAt?.getTime() ?? 0) - state.now.getTime()).toBeGreaterThan(500);
  expect((await listSyncRuns(database, { limit: 9 })).map(({ outcome }) => outcome)).toEqual([
    'refused',
    'refused',
    'applied',
  ]);
  expect(await pull(database, setOf(5))).toMatchObject({ outcome: 'unchanged' });
  expect(await readSyncState(database)).toMatchObject({ failures: 0, because: null, retryAt: null });
});

test('a set that would leave a rule without limits is not taken, not even in part', async () => {
  await using database = await bundled();
  await pull(database, setOf(1));
  await putMxRule(database, { ...mxRule('ours'), origin: 'local' });
  await database.client.$executeRawUnsafe(`DELETE FROM mx_rule_limits WHERE rule_id = 'ours' AND level = 'fast'`);
  const before = await readRuleSet(database);
  const next = setOf(2, { mxRules: [any], bounceRules: [] });
  await expect(pull(database, next)).rejects.toThrow('rule ours: expected limits at level fast, found none');
  expect(await readRuleSet(database)).toEqual(before);
  expect(await bounceIds(database)).toEqual(['b1', 'b2']);
  expect(await readSyncState(database)).toMatchObject({ newest: 1, lists: { bounce_rules: 1 } });
});

test('Custom takes nothing, or how failures are read where the operator says so; what was pulled holds afterwards', async () => {
  await using database = await bundled();
  await pull(database, setOf(1));
  await setLevel(database, 'custom');
  const own = { maxConnections: 3, maxMessagesPerConnection: 3, messagesPerHour: 3 };
  await putMxRule(database, { ...mxRule('one'), origin: 'local', limits: { ...mxRule('one').limits, custom: own } });
  expect((await readRuleSet(database)).rules[0]).toMatchObject({
    id: 'one',
    origin: 'pulled',
    limits: { custom: own },
  });
  expect(await deleteMxRule(database, 'two')).toBe('done');
  const next = { mxRules: [mxRule('one', 9), mxRule('two'), any], bounceRules: [bounceRule('b3')] };
  expect(await pull(database, setOf(2, next))).toMatchObject({ outcome: 'kept-back', because: 'custom' });
  expect([await mxIds(database), await bounceIds(database)]).toEqual([
    ['one', 'any'],
    ['b1', 'b2'],
  ]);
  await setBounceRulesInCustom(database, true);
  expect(await pull(database, setOf(2, next))).toMatchObject({ outcome: 'applied', because: 'custom' });
  expect([await mxIds(database), await bounceIds(database)]).toEqual([['one', 'any'], ['b3']]);
  expect((await readSyncState(database)).lists).toMatchObject({ mx_rules: 1, bounce_rules: 2, policies: 2 });

  expect(await leaveCustom(database, { level: 'boost', set: undefined }, now)).toEqual({ kind: 'moved-on' });
  const going = { kind: 'done', diff: { mxRules: ['one any', 'one two any'] } };
  const before = await readRuleSet(database);
  expect(await leaveCustom(database, { level: 'boost', set: setOf(2, next) }, tried)).toEqual(going);
  expect(await readRuleSet(database)).toEqual(before);
  expect(await leaveCustom(database, { level: 'boost', set: setOf(2, next) }, now)).toEqual(going);
  const { level, rules } = await readRuleSet(database);
  expect([level, ...rules.map(({ id, limits }) => [id, limits.boost?.maxConnections])]).toEqual([
    'boost',
    ['one', 9],
    ['two', 5],
    ['any', any.limits.boost?.maxConnections],
  ]);
  // Figures for Custom wait for the next time, and the source is asked at once.
  expect(rules[0]?.limits.custom).toEqual(own);
  expect((await listSyncRuns(database, { limit: 1 }))[0]).toMatchObject({ cause: 'demand', begunAt: null });
});

test('a version that an operator pins stays whatever comes, and the newest holds again without the pin', async () => {
  await using database = await bundled();
  await pull(database, setOf(1));
  await pull(database, setOf(2, { mxRules: [any] }));
  expect(await pinVersion(database, setOf(1), now)).toMatchObject({ kind: 'done' });
  expect(await mxIds(database)).toEqual(['one', 'two', 'any']);
  expect(await pull(database, setOf(3, { mxRules: [any] }))).toMatchObject({ outcome: 'kept-back', because: 'pinned' });
  expect(await mxIds(database)).toEqual(['one', 'two', 'any']);
  expect(await pinVersion(database, setOf(9), now)).toEqual({ kind: 'moved-on' });
  expect(await unpinVersion(database, setOf(2), now)).toEqual({ kind: 'moved-on' });
  expect(await unpinVersion(database, setOf(3, { mxRules: [any] }), now)).toMatchObject({ kind: 'done' });
  expect(await mxIds(database)).toEqual(['any']);
  expect(await readSyncState(database)).toMatchObject({ pinned: null, newest: 3, lists: { mx_rules: 3 } });
});

test('a source that was set back is believed again once what it had is forgotten; nothing changes until then', async () => {
  await using database = await bundled();
  await pull(database, setOf(7));
  const before = await readRuleSet(database);
  await forgetVersions(database);
  expect(await readRuleSet(database)).toEqual(before);
  // Rules that came with mxflow are no answer to that.
  expect(await loadBundledRules(database)).toBe(false);
  expect(await seedBounceRules(database, [bounceRule('b0')])).toBe(false);
  expect(await pull(database, setOf(7, { mxRules: [any] }))).toMatchObject({ outcome: 'applied' });
  expect(await pull(database, setOf(6))).toMatchObject({ outcome: 'refused', because: 'lower-version' });
  await forgetVersions(database);
  expect(await pull(database, setOf(1))).toMatchObject({ outcome: 'applied', versionAfter: 1 });
  expect(await mxIds(database)).toEqual(['one', 'two', 'any']);
});

test('what the migration notes of rules that are there is what loading them notes', async () => {
  await using database = await bundled();
  const noted = () =>
    database.client.$queryRawUnsafe(
      `SELECT list, id, rule FROM set_rules WHERE list <> 'domain_rules' ORDER BY list, id`,
    );
  const before = await noted();
  const file = new URL('../prisma/migrations/0009_sync/migration.sql', import.meta.url);
  const statements = (await readFile(file, 'utf8')).split(';').filter((text) => text.includes('INSERT INTO set_rules'));
  expect(statements).toHaveLength(3);
  await database.client.$executeRawUnsafe(`DELETE FROM set_rules`);
  for (const statement of statements) await database.client.$executeRawUnsafe(statement);
  expect(sorted(await noted())).toEqual(sorted(before));
});

/** Limits of a rule have no order. */
function sorted(rows: unknown): readonly unknown[] {
  const list = rows as readonly { readonly rule: { readonly limits?: readonly object[] } }[];
  const words = (limits: readonly object[] = []) => limits.map((limit) => JSON.stringify(limit)).toSorted();
  return list.map(({ rule: { limits, ...rule }, ...row }) => ({ ...row, rule, limits: words(limits) }));
}

test('one run at a time; one that fell silent is lost and its process changes nothing any more', async () => {
  await using database = await bundled();
  const [id, again] = [await askForSync(database, { dryRun: false }), await askForSync(database, { dryRun: false })];
  expect(again).toBe(id);
  const demand = () => ({ cause: 'demand' }) as const;
  const run = await beginRun(database, demand, 60);
  expect(run).toMatchObject({ id, cause: 'demand' });
  expect(await beginRun(database, demand, 60)).toBeUndefined();
  await database.client.$executeRawUnsafe(`UPDATE sync_state SET run_until = mxflow_now() - interval '1 second'`);
  const next = await beginRun(database, () => ({ cause: 'start' }), 60);
  expect(next?.id).toBeGreaterThan(id);
  if (run === undefined || next === undefined) throw new Error('expected two runs');
  const result = { kind: 'pulled', pulled: setOf(1) } as const;
  expect(await endRun(database, run, { result, terms })).toBeUndefined();
  expect(await readSyncState(database)).toMatchObject({ newest: null, settledDay: null });
  expect(await endRun(database, next, { result, terms })).toMatchObject({ outcome: 'applied' });
  const runs = await listSyncRuns(database, { limit: 9 });
  expect(runs.map(({ cause, outcome }) => [cause, outcome])).toEqual([
    ['start', 'applied'],
    // What was asked for is asked for again.
    ['demand', null],
    ['demand', 'lost'],
  ]);
});

test('a lease of a clock that was wrong holds nobody up; a run of a source that is forgotten changes nothing', async () => {
  await using database = await bundled();
  await beginRun(database, () => ({ cause: 'start' }), 60);
  await database.client.$executeRawUnsafe(`UPDATE sync_state SET run_until = mxflow_now() + interval '1 year'`);
  const run = await beginRun(database, () => ({ cause: 'start' }), 60);
  if (run === undefined) throw new Error('expected a run');
  await forgetVersions(database);
  expect(await endRun(database, run, { result: { kind: 'pulled', pulled: setOf(9) }, terms })).toBeUndefined();
  expect(await readSyncState(database)).toMatchObject({ newest: null, runId: null });
  expect((await listSyncRuns(database, { limit: 2 })).map(({ because }) => because)).toEqual([null, 'forgotten']);
});

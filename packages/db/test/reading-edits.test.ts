import { DEFAULT_POLICIES, type BounceRule, type FeedbackRule } from '@mxflow/domain';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import {
  changeQuarantineSettings,
  countRuleHits,
  deleteLocalRule,
  enableRule,
  listBounceRules,
  listFeedbackRules,
  loadBundledPolicies,
  orderLocalRules,
  putBounceRule,
  putFeedbackRule,
  readBounceRules,
  readQuarantineTerms,
  readReadingVersion,
  resetPolicy,
  seedBounceRules,
  seedFeedbackRules,
  setPolicy,
} from '../src/index.ts';
import { openTestDatabase } from './world.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await database.client.$executeRawUnsafe(`DELETE FROM bounce_rules`);
  await database.client.$executeRawUnsafe(`DELETE FROM feedback_rules`);
});

const bounceRule = (id: string, pattern = id): BounceRule => ({
  id,
  pattern,
  where: ['reply', 'diagnostic'],
  conditions: { replyCodes: ['5'], mxMasks: ['*.shop.test'] },
  reason: 'refused',
  type: 'soft',
  detail: 'policy',
  matches: [`550 ${id}`],
  leaves: ['250 ok'],
});
const bundled = ['one', 'two', 'three'].map((id) => bounceRule(id));
const ids = async (): Promise<readonly string[]> => (await listBounceRules(database)).rules.map(({ id }) => id);

test('a rule is read as it was written, whether it has conditions or not', async () => {
  const { conditions: _conditions, ...plain } = bounceRule('plain');
  await putBounceRule(database, bounceRule('full'));
  await putBounceRule(database, plain);
  expect((await readBounceRules(database)).rules).toEqual([plain, bounceRule('full')]);
});

test("operators' rules stand first, and in the order that they choose", async () => {
  await seedBounceRules(database, bundled);
  await putBounceRule(database, bounceRule('ours'));
  await putBounceRule(database, bounceRule('later'));
  await putBounceRule(database, bounceRule('between'), { before: 'ours' });
  expect(await ids()).toEqual(['later', 'between', 'ours', 'one', 'two', 'three']);
  expect(await orderLocalRules(database, 'bounce_rules', ['ours', 'later', 'between'])).toBe('done');
  expect(await ids()).toEqual(['ours', 'later', 'between', 'one', 'two', 'three']);
  expect(await orderLocalRules(database, 'bounce_rules', ['ours', 'later'])).toBe('other-list');
  expect(await orderLocalRules(database, 'bounce_rules', ['ours', 'later', 'later'])).toBe('other-list');
  expect(await putBounceRule(database, bounceRule('new'), { before: 'two' })).toBe('other-list');
  expect(await ids()).not.toContain('new');
});

test("an operator's version of a rule stands in its place, survives what a new version brings, and gives way again", async () => {
  await seedBounceRules(database, bundled);
  await putBounceRule(database, bounceRule('two', 'zwei'));
  expect(await seedBounceRules(database, [bounceRule('zero'), ...bundled.slice(0, 2)])).toBe(true);
  expect(await ids()).toEqual(['zero', 'one', 'two']);
  expect((await listBounceRules(database)).rules[2]).toMatchObject({ pattern: 'zwei', origin: 'local' });
  expect(await deleteLocalRule(database, 'bounce_rules', 'one')).toBe('of-the-set');
  expect(await deleteLocalRule(database, 'bounce_rules', 'two')).toBe('done');
  await seedBounceRules(database, bundled);
  expect((await listBounceRules(database)).rules[1]).toMatchObject({ id: 'two', pattern: 'two', origin: 'bundled' });
});

test('a rule that is switched off is not read, and stays off whatever is loaded', async () => {
  await seedBounceRules(database, bundled);
  expect(await enableRule(database, 'bounce_rules', { id: 'one', enabled: false })).toBe('done');
  expect(await enableRule(database, 'bounce_rules', { id: 'none', enabled: false })).toBe('unknown');
  await seedBounceRules(
    database,
    bundled.map((rule) => ({ ...rule, pattern: `${rule.pattern}!` })),
  );
  expect((await readBounceRules(database)).rules.map(({ pattern }) => pattern)).toEqual(['two!', 'three!']);
});

test('the version rises with what changes, and with nothing else', async () => {
  await seedBounceRules(database, bundled);
  await seedFeedbackRules(database, []);
  await loadBundledPolicies(database);
  const before = await readReadingVersion(database);
  expect(await seedBounceRules(database, bundled)).toBe(false);
  await loadBundledPolicies(database);
  await countRuleHits(database, new Map([['one', 3]]));
  expect(await deleteLocalRule(database, 'bounce_rules', 'nobody')).toBe('unknown');
  expect(await readReadingVersion(database)).toBe(before);
  await putBounceRule(database, bounceRule('ours'));
  await setPolicy(database, { reason: 'refused', quarantineAt: 9, releaseDays: null });
  await changeQuarantineSettings(database, { resetDays: 20 });
  expect(await readReadingVersion(database)).toBe(before + 3);
  expect((await readBounceRules(database)).version).toBe(before + 3);
});

test('batches that count hits of the same rules at once lose none', async () => {
  await seedBounceRules(database, bundled);
  const [one, other] = [new Map([['one', 1]]), new Map(['three', 'one'].map((id) => [id, 1]))];
  await Promise.all(Array.from({ length: 20 }, (_, at) => countRuleHits(database, at % 2 === 0 ? one : other)));
  const { rules } = await listBounceRules(database);
  expect(rules.map(({ id, hits, lastHitAt }) => [id, hits, lastHitAt !== null])).toEqual([
    ['one', 20, true],
    ['two', 0, false],
    ['three', 10, true],
  ]);
});

test("operators' policies lie above those of a sync, and those above the bundled ones", async () => {
  await loadBundledPolicies(database);
  expect((await readQuarantineTerms(database.client)).stored.filter(({ origin }) => origin === 'bundled')).toHaveLength(
    DEFAULT_POLICIES.length,
  );
  const inForce = async () => (await readQuarantineTerms(database.client)).policies['mailbox-full'];
  await database.client.$executeRawUnsafe(`INSERT INTO reason_policies VALUES ('mailbox-full', 'pulled', 5, 10)`);
  expect(await inForce()).toEqual({ reason: 'mailbox-full', quarantineAt: 5, releaseDays: 10 });
  await setPolicy(database, { reason: 'mailbox-full', quarantineAt: null, releaseDays: null });
  await loadBundledPolicies(database);
  expect(await inForce()).toMatchObject({ quarantineAt: null });
  expect(await resetPolicy(database, 'mailbox-full')).toBe(true);
  expect(await resetPolicy(database, 'mailbox-full')).toBe(false);
  expect(await inForce()).toMatchObject({ quarantineAt: 5 });
});

test('settings that are not named stay as they are', async () => {
  const { settings } = await readQuarantineTerms(database.client);
  await changeQuarantineSettings(database, { complaintDenylists: false, guardFactor: 2.5, successDays: 0 });
  expect((await readQuarantineTerms(database.client)).settings).toEqual({
    ...settings,
    complaintDenylists: false,
    guardFactor: 2.5,
    successDays: 0,
  });
});

test('feedback rules are edited alike', async () => {
  const rule = (id: string): FeedbackRule => ({
    id,
    mask: '*.shop.test',
    pattern: id,
    thresholdPerHour: 5,
    action: { kind: 'rate', cap: 10, seconds: 60 },
    stepSeconds: 30,
    matches: [id],
    passes: ['ok'],
  });
  await seedFeedbackRules(database, [rule('one'), rule('two')]);
  await putFeedbackRule(database, { ...rule('ours'), action: { kind: 'suspend', seconds: 5 } });
  await putFeedbackRule(database, { ...rule('one'), pattern: 'eins' }, { enabled: false });
  await seedFeedbackRules(database, [rule('one'), rule('two')]);
  const stored = await listFeedbackRules(database);
  expect(stored.map(({ id, pattern, origin, enabled }) => [id, pattern, origin, enabled])).toEqual([
    ['ours', 'ours', 'local', true],
    ['one', 'eins', 'local', false],
    ['two', 'two', 'bundled', true],
  ]);
  expect(stored[0]?.action).toEqual({ kind: 'suspend', seconds: 5 });
  expect(await deleteLocalRule(database, 'feedback_rules', 'two')).toBe('of-the-set');
  expect(await deleteLocalRule(database, 'feedback_rules', 'ours')).toBe('done');
});

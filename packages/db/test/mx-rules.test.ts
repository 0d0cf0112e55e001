import { DEFAULT_MX_RULES, DEFAULT_RAMP, firstMatch, limitsAt, type MxRule } from '@mxflow/domain';
import { expect, test } from 'vitest';

import {
  changeSource,
  deleteMxRule,
  leaveCustom,
  listRampingSources,
  loadBundledRules,
  moveSourceLevel,
  orderMxRules,
  putMxRule,
  readRuleSet,
  readSourceHistory,
  registerSources,
  setLevel,
} from '../src/index.ts';
import { openTestDatabase } from './world.ts';

const local: MxRule = { ...(DEFAULT_MX_RULES[0] as MxRule), id: 'ours', mask: '*.ours.test', origin: 'local' };

test('the bundled rules are loaded once, and never over rules of operators', async () => {
  await using database = await openTestDatabase();
  expect(await loadBundledRules(database)).toBe(true);
  const { rules, version } = await readRuleSet(database);
  expect(rules).toEqual(DEFAULT_MX_RULES);
  expect(await loadBundledRules(database)).toBe(false);
  expect((await readRuleSet(database)).version).toBe(version);
  await using other = await openTestDatabase();
  await putMxRule(other, local);
  expect(await loadBundledRules(other)).toBe(false);
  expect((await readRuleSet(other)).rules.map(({ id }) => id)).toEqual(['ours', 'any']);
});

test('rules are put, moved and deleted, each a new version; the last stays last', async () => {
  await using database = await openTestDatabase();
  await loadBundledRules(database);
  const before = await readRuleSet(database);
  expect(await putMxRule(database, local)).toBe('done');
  expect(await putMxRule(database, { ...local, id: 'second' }, 'gmail')).toBe('done');
  expect(await putMxRule(database, local, 'nobody')).toBe('unknown');
  const after = await readRuleSet(database);
  expect(after.version).toBe(before.version + 2);
  expect(after.rules.slice(0, 3).map(({ id }) => id)).toEqual(['ours', 'second', 'gmail']);
  expect(firstMatch(after.rules, 'mx.ours.test', 1).id).toBe('ours');
  expect(await deleteMxRule(database, 'any')).toBe('last-rule');
  const ids = after.rules.map(({ id }) => id);
  expect(await orderMxRules(database, ids.toReversed())).toBe('last-rule');
  expect(await orderMxRules(database, ids.slice(1))).toBe('other-list');
  const backwards = [...ids.slice(0, -1).toReversed(), 'any'];
  expect(await orderMxRules(database, backwards)).toBe('of-the-set');
  expect(await deleteMxRule(database, 'gmail')).toBe('of-the-set');
  expect(await orderMxRules(database, ['second', 'gmail', 'ours', ...ids.slice(3)])).toBe('done');
  expect(await deleteMxRule(database, 'ours')).toBe('done');
  expect((await readRuleSet(database)).rules.at(-1)?.id).toBe('any');
  await setLevel(database, 'custom');
  expect(await deleteMxRule(database, 'second')).toBe('done');
  expect(await deleteMxRule(database, 'gmail')).toBe('done');
  expect(await orderMxRules(database, [...ids.slice(3, -1).toReversed(), 'any'])).toBe('done');
});

test("an operator's version of a rule of the set gives way again: deleted, or by the set's own words", async () => {
  await using database = await openTestDatabase();
  await loadBundledRules(database);
  const [first, second] = DEFAULT_MX_RULES as readonly [MxRule, MxRule];
  await putMxRule(database, { ...second, timeoutSeconds: 7, origin: 'local' });
  expect((await readRuleSet(database)).rules[1]).toMatchObject({ origin: 'local', timeoutSeconds: 7 });
  expect(await deleteMxRule(database, second.id)).toBe('done');
  await putMxRule(database, { ...first, timeoutSeconds: 7, origin: 'local' });
  await putMxRule(database, { ...first, origin: 'local' });
  expect((await readRuleSet(database)).rules).toEqual(DEFAULT_MX_RULES);
});

test('Custom begins with the figures in force, and keeps its own', async () => {
  await using database = await openTestDatabase();
  await setLevel(database, 'fast');
  await setLevel(database, 'custom');
  const [any] = (await readRuleSet(database)).rules as [MxRule];
  expect(limitsAt(any, 'custom')).toEqual(limitsAt(any, 'fast'));
  expect(await setLevel(database, 'boost')).toBe(false);
  const terms = { compare: () => ({}), dryRun: false };
  expect(await leaveCustom(database, { level: 'boost', set: undefined }, terms)).toMatchObject({ kind: 'done' });
  await setLevel(database, 'custom');
  const [again] = (await readRuleSet(database)).rules as [MxRule];
  expect(limitsAt(again, 'custom')).toEqual(limitsAt(any, 'fast'));
});

test('a source is registered, set by operators and moved by its plan, with its history', async () => {
  await using database = await openTestDatabase();
  const source = { publicId: 3, publicIp: '192.0.2.3', heloName: 'mta.example', weight: 1, pools: ['default'] };
  await registerSources(database, [source]);
  expect(await changeSource(database, 4, { paused: true })).toBe(false);
  expect(await changeSource(database, 3, { level: 'slow', paused: true, ramp: DEFAULT_RAMP })).toBe(true);
  await registerSources(database, [{ ...source, weight: 5 }]);
  expect((await readRuleSet(database)).sources).toMatchObject([
    { publicId: 3, level: 'slow', paused: true, weight: 5 },
  ]);
  expect(await listRampingSources(database)).toEqual([]);
  await changeSource(database, 3, { paused: false });
  const facts = { messages: 0, hard: 0, complaints: 0 };
  expect(await listRampingSources(database)).toMatchObject([{ publicId: 3, level: 'slow', plan: DEFAULT_RAMP, facts }]);
  const move = { publicId: 3, from: 'slow', to: 'normal', reason: 'clean', facts } as const;
  expect(await moveSourceLevel(database, move)).toBe(true);
  expect(await moveSourceLevel(database, move)).toBe(false);
  expect(await readSourceHistory(database, 3)).toMatchObject([
    { levelBefore: 'slow', levelAfter: 'normal', reason: 'clean', facts },
    { levelBefore: null, levelAfter: 'slow', reason: 'operator' },
  ]);
});

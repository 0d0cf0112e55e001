import { DEFAULT_MX_RULES, type BounceRule, type FeedbackRule, type MxRule } from '@mxflow/domain';

import {
  beginRun,
  endRun,
  listBounceRules,
  loadBundledPolicies,
  loadBundledRules,
  readRuleSet,
  seedBounceRules,
  seedDomainRules,
  seedFeedbackRules,
  type CompareRules,
  type Database,
  type PulledRuleSet,
  type SyncEnding,
} from '../src/index.ts';
import { openTestDatabase } from './world.ts';

export const bounceRule = (id: string, pattern = id): BounceRule => ({
  id,
  pattern,
  where: ['reply'],
  reason: 'refused',
  type: 'soft',
  detail: 'policy',
  matches: [`550 ${id}`],
  leaves: ['250 ok'],
});
export const feedbackRule = (id: string): FeedbackRule => ({
  id,
  mask: '*.shop.test',
  pattern: id,
  thresholdPerHour: 5,
  action: { kind: 'suspend', seconds: 60 },
  stepSeconds: 30,
  matches: [id],
  passes: ['ok'],
});
const [base] = DEFAULT_MX_RULES as readonly [MxRule];
const last = DEFAULT_MX_RULES.at(-1) as MxRule;
/** A rule with one figure for connections at every level. */
export const mxRule = (id: string, connections = 5): MxRule => ({
  ...base,
  id,
  mask: `*.${id}.test`,
  origin: 'pulled',
  limits: Object.fromEntries(
    (['slow', 'normal', 'fast', 'very-fast', 'boost'] as const).map((level) => [
      level,
      { maxConnections: connections, maxMessagesPerConnection: 10, messagesPerHour: 1000 },
    ]),
  ),
});
export const any: MxRule = { ...last, origin: 'pulled' };

export function setOf(version: number, rules: Partial<PulledRuleSet['rules']> = {}, note = ''): PulledRuleSet {
  const whole = {
    mxRules: [mxRule('one'), mxRule('two'), any],
    bounceRules: [bounceRule('b1'), bounceRule('b2')],
    feedbackRules: [feedbackRule('f1')],
    domainRules: [{ id: 'd1', mask: 'gone.test', action: 'no-mail' as const }],
    policies: [{ reason: 'mailbox-full', quarantineAt: 5, releaseDays: 10 }],
    ...rules,
  } satisfies PulledRuleSet['rules'];
  const document = { version, publishedAt: '2026-01-01T00:00:00Z', note, ...whole };
  return { version, rules: whole, document, source: 'https://hub.test', etag: `"${version}"` };
}

const compare: CompareRules = (before, after) => ({
  mxRules: [before, after].map(({ mxRules }) => mxRules.map(({ id }) => id).join(' ')),
});
export const terms = { settledDay: '2026-01-01', retryAfterMs: (failures: number) => failures * 1000, compare };
export const now = { compare, dryRun: false };
export const tried = { compare, dryRun: true };

/** What a service does with a document that it has fetched. */
export async function pull(database: Database, pulled: PulledRuleSet): Promise<SyncEnding | undefined> {
  const run = await beginRun(database, () => ({ cause: 'scheduled' }), 60);
  if (run === undefined) throw new Error('expected a run, found one under way');
  return await endRun(database, run, { result: { kind: 'pulled', pulled }, terms });
}

export const mxIds = async (database: Database) => (await readRuleSet(database)).rules.map(({ id }) => id);
export const bounceIds = async (database: Database) => (await listBounceRules(database)).rules.map(({ id }) => id);

export async function bundled(): Promise<Awaited<ReturnType<typeof openTestDatabase>>> {
  const database = await openTestDatabase();
  await loadBundledRules(database);
  await loadBundledPolicies(database);
  await seedBounceRules(database, [bounceRule('b1', 'bundled'), bounceRule('b0')]);
  await seedFeedbackRules(database, [feedbackRule('f0')]);
  await seedDomainRules(database);
  return database;
}

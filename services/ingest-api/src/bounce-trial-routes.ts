import { classifyReply, explain, faultsInSlices, lintBounceRules, normaliseText, suggestPattern } from '@mxflow/bounce';
import {
  BounceRulePut,
  BounceTrial,
  ReadingExplanation,
  ReadingQuestion,
  RuleFindings,
  RuleTrialPost,
} from '@mxflow/contracts';
import { listBounceRules, pageLoggedFailures, pageStoredMails, type Database, type StoredBounceRule } from '@mxflow/db';
import { decodeCursor, encodeCursor, problemsOf } from '@mxflow/http-api';

import type { Api, ApiParts } from './api.ts';
import { bounceRuleOf } from './bounce-rule-body.ts';
import { compareMails, compareReplies, viewReading, type RulePair } from './bounce-trial.ts';
import { triedRules } from './reading-edit.ts';
import { createRuleCompiler, listSeededBounceRules, ruleAlone } from './rules-at-hand.ts';
import { readTrialRule } from './trial-rule.ts';

/** Rows of the log that one answer looks at. */
const LOOKED_AT_ONCE = 5000;
/** Stored mails that one answer reads again. */
const MAILS_AT_ONCE = 200;
const DAYS = 7;
const tags = ['bounce rules'];
const read = { config: { scope: 'bounces:read' } } as const;

/** Bounce rules tried first: how a text is read and why, and what a change would do. */
export function addBounceTrialRoutes(api: Api, parts: ApiParts): void {
  addExplain(api, parts);
  addDryRun(api, parts);
  addLint(api, parts);
}

function addExplain(api: Api, { database }: ApiParts): void {
  const compile = createRuleCompiler();
  api.route({
    ...read,
    method: 'POST',
    url: '/v1/bounce-rules/explain',
    schema: {
      tags,
      summary: 'How a reply is read by the rules in force, and what decided',
      body: ReadingQuestion,
      response: { 200: ReadingExplanation, ...problemsOf(400, 401, 403, 422, 503) },
    },
    handler: async ({ body: { reply, ...context } }) => {
      const { rules } = await listSeededBounceRules(database);
      const reading = classifyReply(reply, context, await compile(rules));
      const { because, replyCode, enhancedStatus } = reading;
      const pattern = because.kind === 'rule' ? '' : suggestPattern(reply);
      return {
        ...viewReading(reading),
        because: explain(because),
        ...(replyCode === undefined ? {} : { replyCode }),
        ...(enhancedStatus === undefined ? {} : { enhancedStatus }),
        normalised: normaliseText(reply),
        ...(pattern === '' ? {} : { suggestedPattern: pattern }),
      };
    },
  });
}

function addDryRun(api: Api, { database }: ApiParts): void {
  const compile = createRuleCompiler();
  api.route({
    ...read,
    method: 'POST',
    url: '/v1/bounce-rules/dry-run',
    schema: {
      tags,
      summary: 'Which failures would be read otherwise: of the log first, then of stored mails, a part at a time',
      body: RuleTrialPost,
      response: { 200: BounceTrial, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    handler: async ({ body: { put, cursor, days = DAYS, ...change } }) => {
      const place = placeOf(cursor);
      const { rules } = await listSeededBounceRules(database);
      const tried = await triedRules(
        database,
        { table: 'bounce_rules', rules, read: async (reads) => (await listBounceRules(reads)).rules },
        { ...change, put: put === undefined ? undefined : trialRule(put) },
      );
      const pair = { now: await compile(rules), tried: await compile(tried) };
      return place.of === 'log'
        ? await tryOnLog(database, pair, { days, after: place.after })
        : await tryOnMails(database, pair, { days, after: place.after });
    },
  });
}

/** How far a dry run is: through the log first, then through the mails. */
type Place = { readonly of: 'log' | 'mails'; readonly after: string | undefined };
type Window = { readonly days: number; readonly after: string | undefined };

function placeOf(cursor: string | undefined): Place {
  const [of, after] = decodeCursor(cursor, /^(?:log:[1-9]\d{0,17}|mails:(?:[1-9]\d{0,17})?)$/)?.split(':') ?? [];
  return { of: of === 'mails' ? 'mails' : 'log', after: after === '' ? undefined : after };
}

async function tryOnLog(database: Database, pair: RulePair, { days, after }: Window): Promise<BounceTrial> {
  const { looked, failures, next } = await pageLoggedFailures(database, { days, after, limit: LOOKED_AT_ONCE });
  const compared = await compareReplies(pair, failures);
  if (next !== undefined) return { looked, ...compared, next: encodeCursor(`log:${next}`) };
  const [mail] = await pageStoredMails(database, { days, after: undefined, limit: 1 });
  return { looked, ...compared, ...(mail === undefined ? {} : { next: encodeCursor('mails:') }) };
}

async function tryOnMails(database: Database, pair: RulePair, { days, after }: Window): Promise<BounceTrial> {
  const mails = await pageStoredMails(database, { days, after, limit: MAILS_AT_ONCE });
  const last = mails.length === MAILS_AT_ONCE ? mails.at(-1) : undefined;
  const compared = await compareMails(pair, mails);
  return { ...compared, ...(last === undefined ? {} : { next: encodeCursor(`mails:${last.id}`) }) };
}

function trialRule(put: unknown): StoredBounceRule {
  return readTrialRule(put, BounceRulePut, (id, body) => ({
    ...bounceRuleOf(id, body),
    origin: 'local',
    enabled: body.enabled ?? true,
    hits: 0,
    lastHitAt: null,
  }));
}

function addLint(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/bounce-rules/lint',
    schema: {
      tags,
      summary: 'Rules that ask for the same, that never decide, or that cannot be run any more',
      response: { 200: RuleFindings, ...problemsOf(401, 403, 503) },
    },
    handler: async () => {
      const { rules } = await listSeededBounceRules(database);
      const inForce = rules.filter(({ enabled }) => enabled).map(ruleAlone);
      const faulty = await faultsInSlices(inForce);
      const sound = inForce.filter(({ id }) => !faulty.some((fault) => fault.id === id));
      return {
        findings: [
          ...faulty.map(({ id, fault }) => ({ kind: 'faulty', ruleId: id, text: `${id}: ${fault}` })),
          ...(await lintBounceRules(sound)),
        ],
      };
    },
  });
}

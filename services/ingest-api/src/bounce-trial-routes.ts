import { classifyReply, explain, faultsOf, lintBounceRules, normaliseText, suggestPattern } from '@mxflow/bounce';
import {
  BounceRulePut,
  BounceTrial,
  ReadingExplanation,
  ReadingQuestion,
  RuleFindings,
  RuleTrialPost,
} from '@mxflow/contracts';
import { pageLoggedFailures, type StoredBounceRule } from '@mxflow/db';

import type { Api, ApiParts } from './api.ts';
import { bounceRuleOf } from './bounce-rule-body.ts';
import { compareReadings, viewReading } from './bounce-trial.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { problemsOf } from './route-answers.ts';
import { changedRules } from './rule-change.ts';
import { createRuleCompiler, listSeededBounceRules, ruleAlone } from './rules-at-hand.ts';
import { readTrialRule } from './trial-rule.ts';

/** Rows of the log that one answer looks at. */
const LOOKED_AT_ONCE = 5000;
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
      const reading = classifyReply(reply, context, compile(rules));
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
      summary: 'Which logged failures would be read otherwise, a part of the log at a time',
      body: RuleTrialPost,
      response: { 200: BounceTrial, ...problemsOf(400, 401, 403, 404, 422, 503) },
    },
    handler: async ({ body: { put, cursor, days = DAYS, ...change } }) => {
      const after = decodeCursor(cursor);
      const { rules } = await listSeededBounceRules(database);
      const tried = changedRules(rules, { ...change, put: put === undefined ? undefined : trialRule(put) });
      const page = await pageLoggedFailures(database, { days, after, limit: LOOKED_AT_ONCE });
      const compared = await compareReadings({ now: compile(rules), tried: compile(tried) }, page.failures);
      return {
        looked: page.looked,
        ...compared,
        ...(page.next === undefined ? {} : { next: encodeCursor(page.next) }),
      };
    },
  });
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
      const faulty = faultsOf(inForce);
      const sound = inForce.filter(({ id }) => !faulty.some((fault) => fault.id === id));
      return {
        findings: [
          ...faulty.map(({ id, fault }) => ({ kind: 'faulty', ruleId: id, text: `${id}: ${fault}` })),
          ...lintBounceRules(sound),
        ],
      };
    },
  });
}

import { FeedbackRulePut, FeedbackTrial, RuleTrialPost } from '@mxflow/contracts';
import { listFeedbackRules, pageLoggedFailures, type StoredFeedbackRule } from '@mxflow/db';
import { compileFeedback } from '@mxflow/feedback';
import { normaliseText } from '@mxflow/bounce';
import { decodeCursor, encodeCursor, problemsOf } from '@mxflow/http-api';

import type { Api, ApiParts } from './api.ts';
import { feedbackRuleOf, listSeeded } from './feedback-rule-routes.ts';
import { readTrialRule } from './trial-rule.ts';
import { compareHits, countUp } from './rule-change.ts';
import { triedRules } from './reading-edit.ts';

/** Rows of the log that one answer looks at. */
const LOOKED_AT_ONCE = 5000;
const MAX_CHANGES = 200;
const DAYS = 7;

/** Feedback rules tried first: which logged replies would be answered otherwise. */
export function addFeedbackTrialRoutes(api: Api, { database }: ApiParts): void {
  api.route({
    method: 'POST',
    url: '/v1/feedback-rules/dry-run',
    config: { scope: 'rules:read' },
    schema: {
      tags: ['feedback rules'],
      summary: 'Which logged replies would meet another feedback rule, a part of the log at a time',
      body: RuleTrialPost,
      response: { 200: FeedbackTrial, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    handler: async ({ body: { put, cursor, days = DAYS, ...change } }) => {
      const after = decodeCursor(cursor);
      const now = await listSeeded(database);
      const tried = await triedRules(
        database,
        { table: 'feedback_rules', rules: now, read: listFeedbackRules },
        { ...change, put: put === undefined ? undefined : trialRule(put) },
      );
      const { looked, failures, next } = await pageLoggedFailures(database, { days, after, limit: LOOKED_AT_ONCE });
      return { looked, ...compare(now, tried, failures), ...(next === undefined ? {} : { next: encodeCursor(next) }) };
    },
  });
}

function trialRule(put: unknown): StoredFeedbackRule {
  return readTrialRule(put, FeedbackRulePut, (id, body) => ({
    ...feedbackRuleOf(id, body),
    origin: 'local',
    enabled: body.enabled ?? true,
    hits: 0,
    lastHitAt: null,
  }));
}

type Failures = Awaited<ReturnType<typeof pageLoggedFailures>>['failures'];

function compare(
  now: readonly StoredFeedbackRule[],
  tried: readonly StoredFeedbackRule[],
  failures: Failures,
): Pick<FeedbackTrial, 'changes' | 'rules'> {
  const isOn = ({ enabled }: StoredFeedbackRule): boolean => enabled;
  const [before, after] = [compileFeedback(now.filter(isOn)), compileFeedback(tried.filter(isOn))];
  const hits = { now: new Map<string, number>(), tried: new Map<string, number>() };
  const changes = new Map<string, FeedbackTrial['changes'][number]>();
  for (const { reply, mxHost, failures: replies } of failures) {
    if (mxHost === null) continue;
    const verdict = { before: before(reply, mxHost), after: after(reply, mxHost) };
    countUp(hits.now, verdict.before, replies);
    countUp(hits.tried, verdict.after, replies);
    if (verdict.before === verdict.after) continue;
    const key = JSON.stringify([verdict.before, verdict.after, normaliseText(reply)]);
    const known = changes.get(key);
    changes.set(key, {
      reply: known?.reply ?? reply,
      mxHost: known?.mxHost ?? mxHost,
      replies: (known?.replies ?? 0) + replies,
      ...(verdict.before === undefined ? {} : { before: verdict.before }),
      ...(verdict.after === undefined ? {} : { after: verdict.after }),
    });
  }
  return {
    changes: [...changes.values()].toSorted((one, other) => other.replies - one.replies).slice(0, MAX_CHANGES),
    rules: compareHits(hits.now, hits.tried),
  };
}

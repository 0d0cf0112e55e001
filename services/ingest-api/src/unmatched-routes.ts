import { isDeepStrictEqual } from 'node:util';

import { suggestRule, takesText } from '@mxflow/bounce';
import { Qualified, QualifyPost } from '@mxflow/contracts';
import { pageLoggedFailures, putBounceRule, unmatchedTexts, type StoredBounceRule } from '@mxflow/db';
import {
  addUnmatchedTextRoutes,
  findOneUnmatched,
  ProblemError,
  problemsOf,
  UnmatchedPath,
  viewUnmatched,
} from '@mxflow/http-api';

import type { Api, ApiParts } from './api.ts';
import { bounceRuleOf } from './bounce-rule-body.ts';
import { compareReplies } from './bounce-trial.ts';
import { throwUnlessEdited } from './reading-edit.ts';
import { changedRules } from './rule-change.ts';
import { createRuleCompiler, listSeededBounceRules, ruleAlone } from './rules-at-hand.ts';

const LOOKED_AT = 5000;
const DAYS = 7;
const SHOWN = 200;
const read = { config: { scope: 'bounces:read' } } as const;
const write = { config: { scope: 'bounces:write' } } as const;

/** Texts that no rule matched: to be qualified, kept in mind, or ignored. */
export function addUnmatchedRoutes(api: Api, { database }: ApiParts): void {
  const texts = unmatchedTexts(database, 'unmatched_texts');
  const compile = createRuleCompiler();
  addUnmatchedTextRoutes(api, { texts, read, write });
  api.route({
    ...write,
    method: 'POST',
    url: '/v1/unmatched/:id/qualify',
    schema: {
      tags: ['unmatched texts'],
      summary: 'Make a rule of a text; with dryRun only tell what it would be and what it would take',
      params: UnmatchedPath,
      body: QualifyPost,
      response: { 200: Qualified, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    handler: async ({ params, body: { id, dryRun = false, ...given } }) => {
      const text = await findOneUnmatched(texts, params.id);
      const put = suggestRule(text.text, given);
      const rule = bounceRuleOf(id, put);
      const { rules } = await listSeededBounceRules(database);
      const known = rules.find((each) => each.id === id);
      // Made before, and the texts perhaps not marked: whoever asks again gets that done.
      const isMade = known !== undefined && isDeepStrictEqual(ruleAlone(known), rule);
      // Another rule that has the name is another decision: that one is edited, not made by the way.
      if (known !== undefined && !isMade) throw nameTaken(id);
      const stored: StoredBounceRule = { ...rule, origin: 'local', enabled: true, hits: 0, lastHitAt: null };
      const tried = changedRules(rules, { put: stored });
      const page = await pageLoggedFailures(database, { days: DAYS, after: undefined, limit: LOOKED_AT });
      const pair = { now: await compile(rules), tried: await compile(tried) };
      const compared = await compareReplies(pair, page.failures);
      const takes = takesText(rule);
      const taken = await texts.takenBy((other) => takes({ ...other, text: other.example ?? other.text }));
      if (!dryRun) {
        if (!isMade) throwUnlessEdited(await putBounceRule(database, rule));
        const ids = [text.id, ...taken.map((each) => each.id)];
        await texts.mark(ids, { status: 'qualified', rule: id });
      }
      const failures = { looked: page.looked, ...compared };
      return { id, rule: put, texts: taken.slice(0, SHOWN).map(viewUnmatched), failures, dryRun };
    },
  });
}

function nameTaken(id: string): ProblemError {
  return new ProblemError('wrong-state', { detail: `there is a bounce rule ${id} already` });
}

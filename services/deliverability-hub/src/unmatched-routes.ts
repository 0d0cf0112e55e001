import { isDeepStrictEqual } from 'node:util';

import { faultsOfRule, normaliseText, suggestRule, takesText } from '@mxflow/bounce';
import { Qualified, QualifyPost, UnmatchedReport, UnmatchedTaken, type RuleSetContent } from '@mxflow/contracts';
import { editHubDraft, mergeHubUnmatched, unmatchedTexts } from '@mxflow/db';
import {
  addUnmatchedTextRoutes,
  findOneUnmatched,
  ProblemError,
  problemsOf,
  UnmatchedPath,
  viewUnmatched,
} from '@mxflow/http-api';
import { toBounceRule } from '@mxflow/rule-set';

import { callerOf } from './authenticate.ts';
import { editDraft } from './draft-edit.ts';
import type { HubParts } from './hub-api.ts';
import { otherRevision, seenRevision } from './revision.ts';

const MAX_REPORT_OCTETS = 2_000_000;
/** Reports received at once: what a thousand clients may send together would not fit into memory. */
const MOST_REPORTS = 8;
const RETRY_SECONDS = 5;
const SHOWN = 200;
const tags = ['unmatched texts'];
const editor = { config: { role: 'editor' } } as const;

/** Texts that clients report, and what becomes of them. */
export function addUnmatchedRoutes(parts: HubParts): void {
  const { api, database } = parts;
  addReport(parts);
  addUnmatchedTextRoutes(api, { texts: unmatchedTexts(database, 'hub_unmatched'), read: editor, write: editor });
  addQualify(parts);
}

function addReport({ api, database, events }: HubParts): void {
  let reports = 0;
  api.route({
    method: 'POST',
    url: '/v1/unmatched',
    onRequest: async (_request, reply) => {
      if (reports >= MOST_REPORTS) throw new ProblemError('too-many', { retryAfterSeconds: RETRY_SECONDS });
      reports += 1;
      reply.raw.once('close', () => (reports -= 1));
    },
    config: { role: 'client' },
    bodyLimit: MAX_REPORT_OCTETS,
    schema: {
      tags,
      summary: 'Texts that no rule of a client matched, without addresses; the same report may come again',
      body: UnmatchedReport,
      response: { 200: UnmatchedTaken, ...problemsOf(400, 401, 413, 422, 429, 503) },
    },
    handler: async (request) => {
      const { texts } = request.body;
      // Blanked once more: what a client leaves in by mistake is not kept here.
      const blanked = texts.map(({ text, ...rest }) => ({ ...rest, text: normaliseText(text) }));
      const clean = blanked.filter(({ text }) => text !== '' && !text.includes('@'));
      const client = callerOf(request).name;
      const isTaken = clean.length > 0 && (await mergeHubUnmatched(database, { client, texts: clean }));
      const taken = isTaken ? clean.length : 0;
      const refused = texts.length - taken;
      events.unmatchedReported({ client, taken, refused });
      return { taken, refused };
    },
  });
}

function addQualify({ api, database, events }: HubParts): void {
  const texts = unmatchedTexts(database, 'hub_unmatched');
  api.route({
    ...editor,
    method: 'POST',
    url: '/v1/unmatched/:id/qualify',
    schema: {
      tags,
      summary: 'Make a rule of the draft of it; with dryRun only tell what it would be and what it would take',
      params: UnmatchedPath,
      body: QualifyPost,
      response: { 200: Qualified, ...problemsOf(400, 401, 403, 404, 409, 412, 422, 503) },
    },
    handler: async (request) => {
      const { id, dryRun = false, enabled: _isOn, ...given } = request.body;
      const text = await findOneUnmatched(texts, request.params.id);
      const put = suggestRule(text.text, given);
      const written = { id, ...put };
      const rule = toBounceRule(written);
      const faults = faultsOfRule(rule);
      if (faults.length > 0) throw new ProblemError('invalid', { faults });
      const taken = await texts.takenBy(takesText(rule));
      if (!dryRun) {
        const edited = await editHubDraft<'name-taken'>(database, {
          revision: seenRevision(request),
          by: callerOf(request).name,
          change: (content) => addRule(JSON.parse(content) as RuleSetContent, written),
        });
        // Another rule that has the name is another decision: that one is edited, not made by the way.
        if (edited.kind === 'refused') {
          throw new ProblemError('wrong-state', { detail: `there is a bounce rule ${id} already` });
        }
        if (edited.kind === 'other-revision') throw otherRevision(edited.revision);
        await texts.mark([text.id, ...taken.map((each) => each.id)], { status: 'qualified', rule: id });
        events.qualified({ id, texts: taken.length });
      }
      return { id, rule: put, texts: taken.slice(0, SHOWN).map(viewUnmatched), dryRun };
    },
  });
}

type Added =
  | { readonly kind: 'content'; readonly content: string }
  | { readonly kind: 'refused'; readonly refusal: 'name-taken' };

function addRule(draft: RuleSetContent, rule: RuleSetContent['bounceRules'][number]): Added {
  const known = draft.bounceRules.find(({ id }) => id === rule.id);
  // One that was made before, the texts perhaps not marked, is put once more.
  const edited =
    known === undefined || isDeepStrictEqual(known, rule)
      ? editDraft(draft, 'bounceRules', { kind: 'put', rule })
      : undefined;
  return edited?.kind === 'edited'
    ? { kind: 'content', content: JSON.stringify(edited.content) }
    : { kind: 'refused', refusal: 'name-taken' };
}

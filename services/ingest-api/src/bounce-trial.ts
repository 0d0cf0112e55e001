import { setImmediate as nextTurn } from 'node:timers/promises';

import { classifyReply, normaliseText, type ClassifiedReply, type CompiledRules } from '@mxflow/bounce';
import type { BounceTrial, FailureReading } from '@mxflow/contracts';
import type { LoggedFailure } from '@mxflow/db';

import { compareHits, countUp } from './rule-change.ts';

const MAX_CHANGES = 200;
/** Replies read in one go: other requests wait no longer than that takes. */
const AT_ONCE = 100;

/** What a mail's bounce is logged as: its text stands in the mail, not in the log. */
const OF_A_MAIL = /^Inbound email bounce \(rule '/;

/** Reads logged failures by the rules in force and by those that are tried, and tells what comes out otherwise. */
export async function compareReadings(
  { now, tried }: { readonly now: CompiledRules; readonly tried: CompiledRules },
  failures: readonly LoggedFailure[],
): Promise<Pick<BounceTrial, 'changes' | 'rules'>> {
  const hits = { now: new Map<string, number>(), tried: new Map<string, number>() };
  const changes = new Map<string, BounceTrial['changes'][number]>();
  for (const [index, { reply, mxHost, failures: count }] of failures.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await nextTurn();
    if (OF_A_MAIL.test(reply)) continue;
    const context = mxHost === null ? {} : { mxHost };
    const before = viewReading(classifyReply(reply, context, now));
    const after = viewReading(classifyReply(reply, context, tried));
    countUp(hits.now, before.rule, count);
    countUp(hits.tried, after.rule, count);
    if (before.reason === after.reason && before.type === after.type && before.detail === after.detail) continue;
    const key = JSON.stringify([before, after, normaliseText(reply)]);
    const known = changes.get(key);
    changes.set(
      key,
      known === undefined
        ? { text: reply, ...context, failures: count, before, after }
        : { ...known, failures: known.failures + count },
    );
  }
  return {
    changes: [...changes.values()].toSorted((one, other) => other.failures - one.failures).slice(0, MAX_CHANGES),
    rules: compareHits(hits.now, hits.tried),
  };
}

export function viewReading({ reason, type, detail, because }: ClassifiedReply): FailureReading {
  return { reason, type, detail, ...(because.kind === 'rule' ? { rule: because.rule } : {}) };
}

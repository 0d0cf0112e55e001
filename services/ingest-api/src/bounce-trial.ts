import { setImmediate as nextTurn } from 'node:timers/promises';

import { classifyMail, classifyReply, normaliseText, type CompiledRules, type Decision } from '@mxflow/bounce';
import type { BounceTrial, FailureReading } from '@mxflow/contracts';
import type { LoggedFailure, StoredMailHead } from '@mxflow/db';

import { compareHits, countUp } from './rule-change.ts';

const MAX_CHANGES = 200;
/** Replies read in one go: other requests wait no longer than that takes. */
const AT_ONCE = 100;

/** What a mail's bounce is logged as: its text stands in the mail, not in the log. */
const OF_A_MAIL = /^Inbound email bounce \(rule '/;

/** The rules in force, and those that are tried. */
export type RulePair = { readonly now: CompiledRules; readonly tried: CompiledRules };

export type ComparedReadings = Pick<BounceTrial, 'changes' | 'rules'>;

/** Reads logged failures by the rules in force and by those that are tried, and tells what comes out otherwise. */
export async function compareReplies(
  { now, tried }: RulePair,
  failures: readonly LoggedFailure[],
): Promise<ComparedReadings> {
  const comparison = createComparison();
  for (const [index, { reply, mxHost, failures: count }] of failures.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await nextTurn();
    if (OF_A_MAIL.test(reply)) continue;
    const context = mxHost === null ? {} : { mxHost };
    const before = classifyReply(reply, context, now);
    const after = classifyReply(reply, context, tried);
    comparison.add({ before, after, text: reply, ...context, count });
  }
  return comparison.told();
}

/** The same with stored mails, recipient by recipient; answers how many of those there were, too. */
export async function compareMails(
  { now, tried }: RulePair,
  mails: readonly StoredMailHead[],
): Promise<ComparedReadings & { readonly looked: number }> {
  const comparison = createComparison();
  let looked = 0;
  for (const { raw } of mails) {
    await nextTurn();
    const [before, after] = [classifyMail(raw, now), classifyMail(raw, tried)];
    for (const [index, reading] of before.recipients.entries()) {
      const other = after.recipients[index];
      if (other === undefined) continue;
      looked += 1;
      comparison.add({ before: reading, after: other, text: reading.text, count: 1 });
    }
  }
  return { looked, ...comparison.told() };
}

type Compared = {
  readonly before: Decision;
  readonly after: Decision;
  readonly text: string;
  readonly mxHost?: string;
  readonly count: number;
};

/** Gathers what is read otherwise: texts that read alike together. */
function createComparison() {
  const hits = { now: new Map<string, number>(), tried: new Map<string, number>() };
  const changes = new Map<string, BounceTrial['changes'][number]>();
  return {
    add: ({ count, text, mxHost, ...decisions }: Compared): void => {
      const before = viewReading(decisions.before);
      const after = viewReading(decisions.after);
      countUp(hits.now, before.rule, count);
      countUp(hits.tried, after.rule, count);
      if (before.reason === after.reason && before.type === after.type && before.detail === after.detail) return;
      const key = JSON.stringify([before, after, normaliseText(text)]);
      const known = changes.get(key);
      const host = mxHost === undefined ? {} : { mxHost };
      changes.set(
        key,
        known === undefined
          ? { text, ...host, failures: count, before, after }
          : { ...known, failures: known.failures + count },
      );
    },
    told: (): ComparedReadings => ({
      changes: [...changes.values()].toSorted((one, other) => other.failures - one.failures).slice(0, MAX_CHANGES),
      rules: compareHits(hits.now, hits.tried),
    }),
  };
}

export function viewReading({ reason, type, detail, because }: Decision): FailureReading {
  return { reason, type, detail, ...(because.kind === 'rule' ? { rule: because.rule } : {}) };
}

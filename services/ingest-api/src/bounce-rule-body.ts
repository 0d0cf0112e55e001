import { faultsOfRule } from '@mxflow/bounce';
import type { BounceRulePut, BounceRuleView } from '@mxflow/contracts';
import type { StoredBounceRule } from '@mxflow/db';
import { FAILURE_DETAILS, maskFault, type BounceRule, type FailureDetail } from '@mxflow/domain';

import { foundText } from './found-text.ts';
import { ProblemError } from './problem.ts';

type Fault = { readonly pointer: string; readonly expected: string; readonly found: string };

/** The rule that a body holds, checked as a whole: pattern, cost, conditions and every example. */
export function bounceRuleOf(
  id: string,
  { enabled: _enabled, conditions, detail, ...body }: BounceRulePut,
): BounceRule {
  const given = Object.entries(conditions ?? {}).filter(([, choices]) => choices.length > 0);
  const rule: BounceRule = {
    id,
    ...body,
    detail: detail as FailureDetail,
    ...(given.length === 0 ? {} : { conditions: Object.fromEntries(given) }),
  };
  const faults = [...wordFaults(rule), ...conditionFaults(rule), ...ruleFaults(rule)];
  if (faults.length === 0) return rule;
  throw new ProblemError('invalid', { faults });
}

function wordFaults({ detail, reason, type }: BounceRule): readonly Fault[] {
  const known: readonly string[] = FAILURE_DETAILS;
  return [
    ...(known.includes(detail)
      ? []
      : [{ pointer: '/detail', expected: `one of ${FAILURE_DETAILS.join(', ')}`, found: foundText(detail) }]),
    ...(type === 'hard' && reason !== 'user-unknown'
      ? [{ pointer: '/type', expected: `soft or ignored: ${reason} may pass`, found: foundText(type) }]
      : []),
    ...(type === 'ignored' && reason !== 'ignored'
      ? [{ pointer: '/reason', expected: 'ignored, where the type is', found: foundText(reason) }]
      : []),
  ];
}

function conditionFaults({ conditions = {} }: BounceRule): readonly Fault[] {
  const faultsIn = (
    field: keyof typeof conditions,
    expectationOf: (choice: string) => string | undefined,
  ): readonly Fault[] =>
    (conditions[field] ?? []).flatMap((choice, index) => {
      const expected = expectationOf(choice);
      const pointer = `/conditions/${field}/${index}`;
      return expected === undefined ? [] : [{ pointer, expected, found: foundText(choice) }];
    });
  return [
    ...faultsIn('replyCodes', (code) =>
      /^[2345]\d{0,2}$/.test(code) ? undefined : 'a reply code or its beginning: 5, 55, 550',
    ),
    ...faultsIn('enhancedStatuses', (status) =>
      /^[245](?:\.(?:\d{1,3}(?:\.\d{0,3})?)?)?$/.test(status) ? undefined : 'an enhanced status or its beginning: 5.7.',
    ),
    ...faultsIn('mxMasks', maskExpectation),
    ...faultsIn('senders', (end) =>
      /^[^\s@]{0,64}@?[A-Za-z0-9.-]+$/.test(end) ? undefined : 'the end of an address: @example.net',
    ),
  ];
}

/** A star stands for whole labels in front, and nowhere else. */
function maskExpectation(mask: string): string | undefined {
  if (mask === '*') return undefined;
  const fault = maskFault(mask);
  if (fault !== undefined) return fault;
  return /[*?]/.test(mask.replace(/^\*\./, '')) ? 'a host name, or *. and the end of one' : undefined;
}

function ruleFaults(rule: BounceRule): readonly Fault[] {
  return faultsOfRule(rule).map(({ pointer, fault }) => ({
    pointer,
    expected: 'a rule that holds what it says',
    found: fault,
  }));
}

export function viewBounceRule({ lastHitAt, conditions, ...rule }: StoredBounceRule): BounceRuleView {
  return {
    ...rule,
    where: [...rule.where],
    matches: [...rule.matches],
    leaves: [...rule.leaves],
    ...(conditions === undefined ? {} : { conditions: conditions as BounceRuleView['conditions'] & object }),
    ...(lastHitAt === null ? {} : { lastHitAt: lastHitAt.toISOString() }),
  };
}

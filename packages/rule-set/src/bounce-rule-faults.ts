import { faultsOfRule } from '@mxflow/bounce';
import type { RuleSetFault } from '@mxflow/contracts';
import { FAILURE_DETAILS, maskFault, type BounceRule } from '@mxflow/domain';

import { foundText } from './schema-faults.ts';

/** What is wrong with a bounce rule: its words, its conditions, its pattern and its cost, every example. */
export function bounceRuleFaults(rule: BounceRule): readonly RuleSetFault[] {
  return [
    ...wordFaults(rule),
    ...conditionFaults(rule),
    ...faultsOfRule(rule).map(({ pointer, fault }) => ({
      pointer,
      expected: 'a rule that holds what it says',
      found: fault,
    })),
  ];
}

function wordFaults({ detail, reason, type }: BounceRule): readonly RuleSetFault[] {
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

function conditionFaults({ conditions = {} }: BounceRule): readonly RuleSetFault[] {
  const faultsIn = (
    field: keyof typeof conditions,
    expectationOf: (choice: string) => string | undefined,
  ): readonly RuleSetFault[] =>
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

import { FAILURE_DETAILS, maskFault, type BounceRule, type RuleConditions } from '@mxflow/domain';

/** One thing that is wrong with a rule. */
export type BounceRuleFault = {
  /** JSON pointer (RFC 6901) into the rule. */
  readonly pointer: string;
  readonly expected: string;
  readonly found: string;
};

/** What is wrong with a rule's words and conditions, whatever its pattern. */
export function faultsOfWords(rule: BounceRule): readonly BounceRuleFault[] {
  const { detail, reason, type, where } = rule;
  const details: readonly string[] = FAILURE_DETAILS;
  return [
    ...(where.length > 0 ? [] : [{ pointer: '/where', expected: 'a place to look at', found: 'none' }]),
    ...(details.includes(detail)
      ? []
      : [{ pointer: '/detail', expected: `one of ${FAILURE_DETAILS.join(', ')}`, found: quoted(detail) }]),
    ...(type === 'hard' && reason !== 'user-unknown'
      ? [{ pointer: '/type', expected: `soft or ignored: ${reason} may pass`, found: type }]
      : []),
    ...(type === 'ignored' && reason !== 'ignored'
      ? [{ pointer: '/reason', expected: 'ignored, where the type is', found: quoted(reason) }]
      : []),
    ...CONDITIONS.flatMap(([field, expectationOf]) =>
      (rule.conditions?.[field] ?? []).flatMap((choice, index) => {
        const expected = expectationOf(choice);
        const pointer = `/conditions/${field}/${index}`;
        return expected === undefined ? [] : [{ pointer, expected, found: quoted(choice) }];
      }),
    ),
  ];
}

/** For each condition what a choice must be; `undefined` where it is that. */
const CONDITIONS: readonly (readonly [
  field: keyof RuleConditions,
  expectationOf: (choice: string) => string | undefined,
])[] = [
  ['replyCodes', (code) => (/^[2345]\d{0,2}$/.test(code) ? undefined : 'a reply code or its beginning: 5, 55, 550')],
  [
    'enhancedStatuses',
    (status) =>
      /^[245](?:\.(?:\d{1,3}(?:\.\d{0,3})?)?)?$/.test(status) ? undefined : 'an enhanced status or its beginning: 5.7.',
  ],
  ['mxMasks', maskExpectation],
  [
    'senders',
    (end) => (/^[^\s@]{0,64}@?[A-Za-z0-9.-]+$/.test(end) ? undefined : 'the end of an address: @example.net'),
  ],
];

/** A star stands for whole labels in front, and nowhere else. */
function maskExpectation(mask: string): string | undefined {
  if (mask === '*') return undefined;
  const fault = maskFault(mask);
  if (fault !== undefined) return fault;
  return /[*?]/.test(mask.replace(/^\*\./, '')) ? 'a host name, or *. and the end of one' : undefined;
}

const LONGEST = 80;

function quoted(text: string): string {
  return JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
}

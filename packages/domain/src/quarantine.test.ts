import fc from 'fast-check';
import { expect, test } from 'vitest';

import { FAILURE_REASONS, type FailureReason } from './disposition.ts';
import { FAILURE_DETAILS, type FailureDetail } from './failure-detail.ts';
import { DEFAULT_QUARANTINE_SETTINGS, policiesInForce, quarantineAtOf } from './quarantine-policy.ts';
import {
  afterEvent,
  afterTime,
  isBarred,
  VALID_ENTRY,
  type QuarantineEntry,
  type QuarantineEvent,
} from './quarantine.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const settings = DEFAULT_QUARANTINE_SETTINGS;
const policies = policiesInForce([]);

const error = (reason: FailureReason, detail?: FailureDetail): QuarantineEvent => ({
  kind: 'error',
  reason,
  type: reason === 'user-unknown' ? 'hard' : 'soft',
  detail,
});
const success: QuarantineEvent = { kind: 'success' };
const complaint: QuarantineEvent = { kind: 'complaint' };

/** What a course of events, each at its day, makes of an address. */
function course(events: readonly (readonly [day: number, event: QuarantineEvent])[]): QuarantineEntry {
  let entry = VALID_ENTRY;
  for (const [day, event] of events) entry = afterEvent(entry, event, { policies, settings, at: day * DAY });
  return entry;
}
const days = (count: number, event: QuarantineEvent, every = 1) =>
  Array.from({ length: count }, (_, day) => [day * every, event] as const);

test.for<readonly [title: string, entry: QuarantineEntry, expected: Partial<QuarantineEntry>]>([
  [
    'user unknown is quarantined at once, for good',
    course([[0, error('user-unknown')]]),
    { status: 'quarantined', errors: 1, releaseAt: null },
  ],
  [
    'an address unknown for now only is quarantined at the third error',
    course(days(2, { kind: 'error', reason: 'user-unknown', type: 'soft' })),
    { status: 'with-errors', errors: 2 },
  ],
  [
    'mailbox full on three days is quarantined for 30 days',
    course(days(3, error('mailbox-full'))),
    { status: 'quarantined', errors: 3, quarantinedAt: 2 * DAY, releaseAt: 32 * DAY },
  ],
  ['mailbox full twice is not', course(days(2, error('mailbox-full'))), { status: 'with-errors', errors: 2 }],
  ['inactive three times', course(days(3, error('inactive-user'))), { status: 'quarantined', releaseAt: null }],
  ['an invalid domain three times', course(days(3, error('invalid-domain'))), { status: 'quarantined' }],
  ['refused ten times never', course(days(10, error('refused'))), { status: 'valid', errors: 0 }],
  ['not defined is not counted', course(days(10, error('not-defined'))), { status: 'valid', errors: 0 }],
  ['throttled on 20 days counts nothing', course(days(20, error('unreachable', 'rate-limited'))), { errors: 0 }],
  ['the network counts nothing', course(days(20, error('unreachable', 'network'))), { errors: 0 }],
  [
    'unreachable by its own fault: four times not',
    course(days(4, error('unreachable', 'mailer-error'))),
    { status: 'with-errors', errors: 4 },
  ],
  ['five times', course(days(5, error('unreachable', 'mailer-error'))), { status: 'quarantined', errors: 5 }],
  [
    'retries within a day are one error',
    course([0, 0.2, 0.5, 0.9].map((day) => [day, error('mailbox-full')])),
    { errors: 1 },
  ],
  ['the next counts after exactly 24 hours', course([0, 1].map((day) => [day, error('mailbox-full')])), { errors: 2 }],
  [
    'ten days without an error forget it',
    course([
      [0, error('mailbox-full')],
      [10, error('mailbox-full')],
    ]),
    { errors: 1 },
  ],
  [
    'a little less do not',
    course([
      [0, error('mailbox-full')],
      [9.9, error('mailbox-full')],
    ]),
    { errors: 2 },
  ],
  [
    'a success that no bounce followed for seven days forgets it',
    course([
      [0, error('mailbox-full')],
      [1, success],
      [8, error('mailbox-full')],
    ]),
    { errors: 1 },
  ],
  [
    'more successes do not put that off',
    course([
      [0, error('mailbox-full')],
      [1, success],
      [4, success],
      [7, success],
      [8, error('mailbox-full')],
    ]),
    { errors: 1 },
  ],
  [
    'a success today and a bounce tomorrow, three times, is three errors',
    course([0, 2, 4].flatMap((day) => [[day, success] as const, [day + 1, error('mailbox-full')] as const])),
    { status: 'quarantined', errors: 3 },
  ],
  [
    'a success that any error follows was none',
    course([
      [0, error('mailbox-full')],
      [1, success],
      [2, error('refused')],
      [8, error('mailbox-full')],
    ]),
    { errors: 2 },
  ],
  [
    'a later error does not extend quarantine',
    course([...days(3, error('mailbox-full')), [10, error('mailbox-full')], [20, error('user-unknown')]]),
    { status: 'quarantined', reason: 'mailbox-full', releaseAt: 32 * DAY },
  ],
  [
    'after its release it starts anew',
    course([...days(3, error('mailbox-full')), [32, error('mailbox-full')]]),
    { status: 'with-errors', errors: 1, quarantinedAt: null },
  ],
  ['a complaint denylists at once, and counts no error', course([[0, complaint]]), { status: 'denylisted', errors: 0 }],
  [
    'nothing leads off the denylist',
    course([
      [0, complaint],
      [1, success],
      [99, error('user-unknown')],
    ]),
    { status: 'denylisted' },
  ],
])('%s', ([, entry, expected]) => {
  expect(entry).toMatchObject(expected);
});

test('what an operator says lies above what a sync brought, and that above what came with mxflow', () => {
  const at = (origin: 'bundled' | 'pulled' | 'local', quarantineAt: number | null) =>
    ({ reason: 'mailbox-full', origin, quarantineAt, releaseDays: 1 }) as const;
  expect(policiesInForce([at('local', null), at('pulled', 4), at('bundled', 2)])['mailbox-full'].quarantineAt).toBe(
    null,
  );
  expect(policiesInForce([at('pulled', 4), at('bundled', 2)])['mailbox-full'].quarantineAt).toBe(4);
  expect(policiesInForce([])['mailbox-full']).toEqual({ reason: 'mailbox-full', quarantineAt: 3, releaseDays: 30 });
});

test('a complaint leaves the address alone where the setting says so, and an allow-listed one always', () => {
  const terms = { policies, settings: { ...settings, complaintDenylists: false }, at: 0 };
  expect(afterEvent(VALID_ENTRY, complaint, terms)).toEqual(VALID_ENTRY);
  const allowed: QuarantineEntry = { ...VALID_ENTRY, status: 'allow-listed' };
  expect(afterEvent(allowed, complaint, { policies, settings, at: 0 })).toEqual(allowed);
});

const anyEvent: fc.Arbitrary<QuarantineEvent> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('error' as const),
      reason: fc.constantFrom(...FAILURE_REASONS),
      type: fc.constantFrom('hard' as const, 'soft' as const),
      detail: fc.constantFrom(...FAILURE_DETAILS),
    }),
  },
  { weight: 2, arbitrary: fc.constant(success) },
  { weight: 1, arbitrary: fc.constant(complaint) },
);
/** Events with the hours that pass before each. */
const anyCourse = fc.array(fc.tuple(fc.nat({ max: 300 }), anyEvent), { maxLength: 60 });

function run(
  steps: readonly (readonly [number, QuarantineEvent])[],
  see: (step: { before: QuarantineEntry; after: QuarantineEntry; event: QuarantineEvent; at: number }) => void,
): void {
  let entry = VALID_ENTRY;
  let at = 0;
  for (const [hours, event] of steps) {
    at += hours * HOUR;
    const after = afterEvent(entry, event, { policies, settings, at });
    see({ before: entry, after, event, at });
    entry = after;
  }
}

test('a repeated event changes nothing', () => {
  fc.assert(
    fc.property(anyCourse, (steps) =>
      run(steps, ({ after, event, at }) => {
        expect(afterEvent(after, event, { policies, settings, at })).toEqual(after);
      }),
    ),
  );
});

test('counters are never negative, and rise by one at most, once in 24 hours', () => {
  fc.assert(
    fc.property(anyCourse, (steps) => {
      let countedAt = -Infinity;
      run(steps, ({ before, after, at }) => {
        expect(after.errors).toBeGreaterThanOrEqual(0);
        if (after.errors <= before.errors && after.countedAt === before.countedAt) return;
        if (after.errors === 0) return void (countedAt = -Infinity);
        expect(after.errors).toBeLessThanOrEqual(before.errors + 1);
        if (before.status === 'with-errors') expect(at - countedAt).toBeGreaterThanOrEqual(DAY);
        countedAt = at;
      });
    }),
  );
});

test('quarantine is entered by an error that reaches its number, and left by its date or a complaint alone', () => {
  fc.assert(
    fc.property(anyCourse, (steps) =>
      run(steps, ({ before, after, event, at }) => {
        if (before.status === 'quarantined' && after.status !== 'quarantined') {
          expect(event.kind === 'complaint' || (before.releaseAt ?? Infinity) <= at).toBe(true);
        }
        if (before.status !== 'quarantined' && after.status === 'quarantined') {
          expect(event.kind === 'error' && after.errors >= (quarantineAtOf(event, policies) ?? Infinity)).toBe(true);
        }
        expect(isBarred(after, at)).toBe(after.status === 'quarantined' || after.status === 'denylisted');
      }),
    ),
  );
});

test('time alone never harms an address, and passing it in one step or in two is the same', () => {
  fc.assert(
    fc.property(anyCourse, fc.nat(), fc.nat(), (steps, one, more) =>
      run(steps, ({ after, at }) => {
        const later = afterTime(after, settings, at + one + more);
        expect([after.status, 'valid']).toContain(later.status);
        expect(afterTime(afterTime(after, settings, at + one), settings, at + one + more)).toEqual(later);
      }),
    ),
  );
});

import type { Reply } from '@mxflow/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { DialogAction, DialogState, TlsPolicy } from './dialog-state.ts';
import { advanceDialog, openDialog, type DialogEvent } from './dialog.ts';
import { lossOf } from './outcome.ts';

/** What a hostile world does next; what the dialog asks its caller for is answered between two of these. */
type Turn =
  | { readonly kind: 'reply'; readonly code: number; readonly followedByMore: boolean; readonly offer: string }
  | { readonly kind: 'message'; readonly verifyOnly: boolean; readonly allowed: boolean }
  | { readonly kind: 'block' | 'lost' };

type Entry = { readonly event: DialogEvent; readonly before: DialogState; readonly actions: readonly DialogAction[] };

const likely = fc.constantFrom(250, 250, 250, 354, 220, 550, 450, 421, 503, 221, 251);
const anyReply = fc.record({
  kind: fc.constant('reply' as const),
  code: fc.oneof({ weight: 9, arbitrary: likely }, { weight: 1, arbitrary: fc.integer({ min: 200, max: 599 }) }),
  followedByMore: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  offer: fc.constantFrom('PIPELINING', 'PIPELINING STARTTLS', 'HELP'),
});
const anyMessage = fc.record({
  kind: fc.constant('message' as const),
  verifyOnly: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  allowed: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});
const anyTurn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 12, arbitrary: anyReply },
  { weight: 4, arbitrary: anyMessage },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('block' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lost' as const) }) },
);
/** A course of things in which all goes well, each turn of it perhaps replaced, dropped, or followed by another. */
const anyCourse = fc
  .record({
    tlsPolicy: fc.constantFrom<TlsPolicy>('disabled', 'opportunistic', 'required'),
    offer: fc.constantFrom('PIPELINING', 'PIPELINING STARTTLS', 'STARTTLS', 'HELP'),
    messages: fc.integer({ min: 1, max: 4 }),
  })
  .chain(({ tlsPolicy, offer, messages }) =>
    fc.tuple(fc.constant(tlsPolicy), fc.tuple(...goodCourse(tlsPolicy, offer, messages).map(disturb))),
  )
  .map(([tlsPolicy, turns]): Course => ({ tlsPolicy, turns: turns.flat() }));

type Course = { readonly tlsPolicy: TlsPolicy; readonly turns: readonly Turn[] };

function goodCourse(tlsPolicy: TlsPolicy, offer: string, messages: number): Turn[] {
  const replies = (...codes: readonly number[]): Turn[] =>
    codes.map((code) => ({ kind: 'reply', code, followedByMore: false, offer }));
  const usesTls = tlsPolicy !== 'disabled' && offer.includes('STARTTLS');
  const message = (): Turn[] => [
    { kind: 'message', verifyOnly: false, allowed: true },
    ...replies(250, 250, 354),
    { kind: 'block' },
    ...replies(250),
  ];
  return [
    ...replies(220, 250),
    ...(usesTls ? replies(220, 250) : []),
    ...Array.from({ length: messages }, message).flat(),
  ];
}

function disturb(turn: Turn): fc.Arbitrary<readonly Turn[]> {
  return fc.oneof(
    { weight: 16, arbitrary: fc.constant([turn]) },
    { weight: 4, arbitrary: (turn.kind === 'reply' ? anyReply : anyTurn).map((other) => [other]) },
    { weight: 1, arbitrary: anyTurn.map((other) => [turn, other]) },
    { weight: 1, arbitrary: fc.constant([]) },
  );
}

function run({ turns, tlsPolicy }: Course): Entry[] {
  const log: Entry[] = [];
  let state = openDialog({ heloName: 'out.example', tlsPolicy, pipelining: true });
  let allowed = true;
  const take = (event: DialogEvent): void => {
    const before = state;
    const step = advanceDialog(before, event);
    state = step.state;
    log.push({ event, before, actions: step.actions });
    for (const action of step.actions) {
      if (action.kind === 'ask-to-start') take({ kind: 'start', allowed });
      if (action.kind === 'start-tls') take({ kind: 'secured' });
    }
  };
  for (const turn of turns) {
    if (turn.kind === 'message') allowed = turn.allowed;
    const event = toEvent(turn, state);
    if (event !== undefined) take(event);
  }
  return log;
}

/** The event for a turn, where the dialog is in a phase in which its caller could bring it. */
function toEvent(turn: Turn, { phase }: DialogState): DialogEvent | undefined {
  switch (turn.kind) {
    case 'reply': {
      const reply: Reply = { code: turn.code, enhanced: undefined, lines: ['x', ...turn.offer.split(' ')] };
      return { kind: 'reply', reply, followedByMore: turn.followedByMore };
    }
    case 'message': {
      if (phase.kind !== 'ready') return undefined;
      const content = turn.verifyOnly ? undefined : { sizeOctets: 1, sevenBit: true };
      return { kind: 'message', message: { reversePath: null, forwardPath: 'r@in.example', smtpUtf8: false, content } };
    }
    case 'block':
      return phase.kind === 'sending' ? { kind: 'completing' } : undefined;
    case 'lost':
      return { kind: 'lost', loss: lossOf('network-error', 'lost') };
  }
}

function outcomesOf({ actions }: Entry): string[] {
  return actions.flatMap((action) => (action.kind === 'outcome' ? [action.outcome.kind] : []));
}

function check(law: (log: readonly Entry[]) => void): void {
  fc.assert(
    fc.property(anyCourse, (course) => law(run(course))),
    { numRuns: 3_000 },
  );
}

test('accepted is reported only for 2yz, after the content was completed', () => {
  check((log) => {
    for (const [index, entry] of log.entries()) {
      if (!outcomesOf(entry).includes('accepted')) continue;
      expect(entry.event.kind === 'reply' && entry.event.reply.code >= 200 && entry.event.reply.code < 300).toBe(true);
      const since = log.slice(0, index).findLastIndex((earlier) => outcomesOf(earlier).length > 0);
      expect(log.slice(since + 1, index).some(({ event }) => event.kind === 'completing')).toBe(true);
    }
  });
});

test('content is sent only after 2yz to MAIL, 2yz to RCPT and 354', () => {
  check((log) => {
    for (const [index, entry] of log.entries()) {
      if (!entry.actions.some(({ kind }) => kind === 'write-content')) continue;
      const codes = new Map(
        log
          .slice(0, index + 1)
          .flatMap(({ event, before }) => (event.kind === 'reply' ? [[before.expected[0], event.reply.code]] : [])),
      );
      expect(Math.floor((codes.get('MAIL') ?? 0) / 100)).toBe(2);
      expect(Math.floor((codes.get('RCPT') ?? 0) / 100)).toBe(2);
      expect(codes.get('DATA')).toBe(354);
    }
  });
});

test('every message gets one outcome, at the latest when the session ends', () => {
  check((log) => {
    const taken = log.filter(({ event, before }) => event.kind === 'message' && before.phase.kind === 'ready').length;
    const told = log.flatMap(outcomesOf).length;
    const ended = log.some(({ actions }) => actions.some(({ kind }) => kind === 'close'));
    expect(told).toBeLessThanOrEqual(taken);
    expect(told).toBeGreaterThanOrEqual(ended ? taken : taken - 1);
  });
});

test('a lost message is in doubt if, and only if, its content may be complete', () => {
  check((log) => {
    for (const entry of log) {
      const outcomes = outcomesOf(entry);
      if (outcomes.includes('in-doubt')) expect(entry.before.phase.kind).toBe('completing');
      if (outcomes.includes('unreachable')) expect(entry.before.phase.kind).not.toBe('completing');
    }
  });
});

test('a session opens or fails once, closes once, and does nothing after that', () => {
  check((log) => {
    const actions = log.flatMap((entry) => entry.actions);
    expect(actions.filter(({ kind }) => kind === 'opened' || kind === 'failed').length).toBeLessThanOrEqual(1);
    expect(actions.findIndex(({ kind }) => kind === 'close')).toBeOneOf([-1, actions.length - 1]);
  });
});

test('nothing of a message goes in clear where TLS is required', () => {
  check((log) => {
    for (const { before, actions } of log) {
      const writesMail = actions.some((action) => action.kind === 'write' && action.text.includes('MAIL'));
      if (writesMail && before.settings.tlsPolicy === 'required') expect(before.secured).toBe(true);
    }
  });
});

test('the courses that these laws are held against reach every outcome', () => {
  const seen = new Set<string>();
  check((log) => {
    for (const outcome of log.flatMap(outcomesOf)) seen.add(outcome);
  });
  expect([...seen].toSorted()).toEqual(['accepted', 'in-doubt', 'refused', 'unreachable', 'verified', 'withheld']);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Behaviour } from './behaviour.ts';
import { decideGreeting, decideMail, decideRecipient, faultAt, type Note, type Setting } from './decide.ts';

function settingOf(behaviour: Behaviour, seed = 7): Setting & { write(notes: readonly Note[], nowMs: number): void } {
  const counts = new Map<string, number>();
  const seen = new Map<string, number>();
  return {
    behaviour,
    seed,
    source: '127.0.0.9',
    host: 'mx1.sim.test',
    memory: { timesNoted: (key) => counts.get(key) ?? 0, firstSeenAtMs: (triplet) => seen.get(triplet) },
    write(notes, nowMs) {
      for (const note of notes) {
        if (note.kind === 'count') counts.set(note.key, (counts.get(note.key) ?? 0) + 1);
        else seen.set(note.triplet, nowMs);
      }
    },
  };
}

/** What one forward-path hears over several attempts at given instants: the codes. */
function codesOver(behaviour: Behaviour, instantsMs: readonly number[], forwardPath = 'anna@sim.test'): number[] {
  const setting = settingOf(behaviour);
  return instantsMs.map((nowMs) => {
    const { answer, notes } = decideRecipient(setting, { reversePath: 'b@x', forwardPath, nowMs });
    setting.write(notes, nowMs);
    return answer.kind === 'reply' ? answer.code : 0;
  });
}

type Row = readonly [what: string, behaviour: Behaviour, instantsMs: readonly number[], codes: readonly number[]];
test.for<Row>([
  ['a faultless provider accepts', {}, [0], [250]],
  [
    'an unknown user is unknown each time',
    { recipients: [{ who: { local: 'an*' }, does: { kind: 'refuse', reply: 'unknown-user' } }] },
    [0, 1],
    [550, 550],
  ],
  [
    'a mask that does not match lets pass',
    { recipients: [{ who: { local: 'an' }, does: { kind: 'refuse', reply: 'unknown-user' } }] },
    [0],
    [250],
  ],
  [
    'deferred twice, then accepted for good',
    { recipients: [{ who: 'everyone', does: { kind: 'defer', reply: 'temporary-failure', times: 2 } }] },
    [0, 1, 2, 3],
    [451, 451, 250, 250],
  ],
  ['greylisted until the triplet is old enough', { greylistMs: 100 }, [0, 50, 99, 100, 101], [451, 451, 451, 250, 250]],
  [
    'the first rule that still has something to say decides',
    {
      recipients: [
        { who: 'everyone', does: { kind: 'defer', reply: 'throttled' } },
        { who: { addresses: ['ANNA@sim.test'] }, does: { kind: 'refuse', reply: { code: 552, lines: ['full'] } } },
      ],
    },
    [0, 1],
    [450, 552],
  ],
])('%s', ([, behaviour, instantsMs, codes]) => {
  expect(codesOver(behaviour, instantsMs)).toEqual(codes);
});

test('a share picks the same addresses whatever the order, about as many as it says', () => {
  const behaviour: Behaviour = {
    recipients: [{ name: 'gone', who: { share: 0.1 }, does: { kind: 'refuse', reply: 'unknown-user' } }],
  };
  const addresses = Array.from({ length: 5000 }, (_none, index) => `user${index}@sim.test`);
  const refused = (list: readonly string[]): string[] => {
    const setting = settingOf(behaviour);
    return list.filter((forwardPath) => {
      const { answer } = decideRecipient(setting, { reversePath: '', forwardPath, nowMs: 0 });
      return answer.kind === 'reply' && answer.code === 550;
    });
  };
  const one = refused(addresses);
  expect(refused(addresses.toReversed()).toReversed()).toEqual(one);
  expect(one.length).toBeGreaterThan(430);
  expect(one.length).toBeLessThan(570);
});

test('whatever the family, a refusal is 5yz and a deferral is 4yz', () => {
  const families = ['gmail', 'outlook', 'yahoo', 'qq', 'mail.ru', 'naver', 'exim', 'mimecast'] as const;
  const reasons = ['unknown-user', 'mailbox-full', 'throttled', 'temporary-failure', 'greylisted'] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...families),
      fc.constantFrom(...reasons),
      fc.emailAddress(),
      (texts, reason, address) => {
        for (const kind of ['refuse', 'defer'] as const) {
          const recipients = [{ who: 'everyone' as const, does: { kind, reply: reason } }];
          const [code = 0] = codesOver({ texts, recipients }, [0], address);
          expect(Math.floor(code / 100)).toBe(kind === 'refuse' ? 5 : 4);
        }
      },
    ),
  );
});

test('connections and messages above the limit hear 421', () => {
  const setting = settingOf({
    texts: 'orange',
    connectionsPerSource: { max: 2 },
    messagesPerConnection: { max: 3, ending: '421' },
    messagesPerWindow: { max: 10, windowMs: 1000 },
  });
  expect(decideGreeting(setting, 2)).toMatchObject({ code: 220, close: false });
  expect(decideGreeting(setting, 3)).toMatchObject({ code: 421, close: true });
  expect(decideMail(setting, 3, 10)).toMatchObject({ code: 250 });
  expect(decideMail(setting, 4, 10)).toMatchObject({ code: 421, close: true });
  expect(decideMail(setting, 1, 11)).toMatchObject({ code: 421 });
});

test('a fault strikes so many times and then heals', () => {
  const setting = settingOf({ faults: [{ at: 'content', does: 'close', times: 2 }] });
  const struck = [0, 1, 2].map(() => {
    const hit = faultAt(setting, 'content', 'anna@sim.test');
    if (hit !== undefined) setting.write([hit.note], 0);
    return hit !== undefined;
  });
  expect(struck).toEqual([true, true, false]);
  expect(faultAt(setting, 'rcpt', 'anna@sim.test')).toBe(undefined);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { analyse } from './analyse.ts';
import type { RefereeEvent } from './referee-event.ts';

const gmail = { src: '127.0.0.2', dst: '127.1.0.1', srv: 'gmail-sim' };
const gmailBackup = { ...gmail, dst: '127.1.0.2' };

test('a short history, figure by figure', async () => {
  const history: RefereeEvent[] = [
    { t: 1000, c: 1, ...gmail, e: 'open' },
    { t: 1100, c: 2, ...gmailBackup, e: 'open' },
    { t: 1200, c: 1, ...gmail, e: 'mail', from: 'a@x' },
    { t: 1250, c: 1, ...gmail, e: 'accepted', id: 'm1', rcpt: 'r@y', code: 250 },
    { t: 1300, c: 1, ...gmail, e: 'mail', from: 'a@x' },
    { t: 1350, c: 1, ...gmail, e: 'refused', at: 'rcpt', rcpt: 'q@y', code: 550 },
    { t: 1500, c: 2, ...gmailBackup, e: 'close' },
    { t: 2000, c: 1, ...gmail, e: 'close' },
    { t: 2000, c: 3, ...gmail, e: 'open' },
    { t: 2199, c: 3, ...gmail, e: 'mail', from: 'a@x' },
    { t: 2300, c: 3, ...gmail, e: 'accepted', id: 'm1', rcpt: 'r@y', code: 250 },
    { t: 3000, c: 3, ...gmail, e: 'violation', what: 'syntax' },
  ];
  const analysis = await analyse(history, { windowsMs: [1000] });
  expect(analysis.scopes).toEqual({
    path: {
      '127.0.0.2 127.1.0.1': {
        connections: 2,
        maxConnections: 1,
        meanConnections: 1,
        maxMessagesPerConnection: 2,
        messages: 3,
        messagesInSpan: 3,
        peakMessages: { 1000: 3 },
        accepted: 2,
        acceptedInSpan: 2,
        refused: { 550: 1 },
      },
      '127.0.0.2 127.1.0.2': expect.objectContaining({ maxConnections: 1, meanConnections: 0.2, messages: 0 }),
    },
    provider: {
      '127.0.0.2 gmail-sim': expect.objectContaining({ connections: 3, maxConnections: 2, meanConnections: 1.2 }),
    },
    server: { 'gmail-sim': expect.objectContaining({ messages: 3 }) },
  });
  expect(analysis.duplicates).toEqual([{ id: 'm1', rcpt: 'r@y', times: 2 }]);
  expect(analysis.violations).toEqual({ syntax: 1 });
  expect(analysis.stillOpen).toBe(1);
});

test('scopes of the caller’s own choosing', async () => {
  const events: RefereeEvent[] = [
    { t: 1, c: 1, ...gmail, e: 'open' },
    { t: 2, c: 2, ...gmailBackup, src: '127.0.0.3', e: 'open' },
  ];
  const { scopes } = await analyse(events, { scopes: { all: () => 'all', some: () => undefined } });
  expect(scopes['all']?.['all']?.maxConnections).toBe(2);
  expect(scopes['some']).toEqual({});
});

test('events out of order are refused, not miscounted', async () => {
  const events: RefereeEvent[] = [
    { t: 2, c: 1, ...gmail, e: 'open' },
    { t: 1, c: 1, ...gmail, e: 'close' },
  ];
  await expect(analyse(events)).rejects.toThrow('in the order of their time');
});

test('duplicates are what counting pairs gives', async () => {
  const pair = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), rcpt: fc.constantFrom('1', '2', '3') });
  await fc.assert(
    fc.asyncProperty(fc.array(pair, { maxLength: 40 }), async (pairs) => {
      const events = pairs.map(({ id, rcpt }, t): RefereeEvent => ({
        t,
        c: 1,
        ...gmail,
        e: 'accepted',
        id,
        rcpt,
        code: 250,
      }));
      const found = new Map((await analyse(events)).duplicates.map(({ id, rcpt, times }) => [`${id} ${rcpt}`, times]));
      const counted = Map.groupBy(pairs, ({ id, rcpt }) => `${id} ${rcpt}`);
      const repeated = [...counted]
        .filter(([, group]) => group.length > 1)
        .map(([key, group]) => [key, group.length] as const);
      expect(found).toEqual(new Map(repeated));
    }),
  );
});

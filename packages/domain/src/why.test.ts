import { expect, test } from 'vitest';

import { decideWhy, type Constraint, type Place, type WaitingJob, type WaitingMessage } from './why.ts';

const NOW = 1_000_000;
const job: WaitingJob = { state: 'active', validUntil: NOW + 9_000 };
const message: WaitingMessage = { state: 'waiting', dueAt: NOW - 1 };
const place: Place = { pool: 'news', sources: [{ publicId: 1 }, { publicId: 2 }] };
const suspended = (publicId: number, inMs: number) => ({ publicId, suspendedUntil: NOW + inMs, holdReason: 'r' });
const full = (publicId: number, kind: 'connections' | 'rate', inMs: number) => ({
  publicId,
  full: { kind, detail: kind, nextAt: NOW + inMs },
});

type Change = { job?: Partial<WaitingJob>; message?: Partial<WaitingMessage>; place?: Partial<Place> };

test.for<[title: string, change: Change, constraint: Constraint, inMs?: number]>([
  ['a job being posted', { job: { state: 'receiving' } }, 'job-receiving'],
  ['a paused job, whatever else', { job: { state: 'paused' }, place: { sources: [] } }, 'job-paused'],
  ['a cancelled job', { job: { state: 'cancelled' } }, 'job-cancelled'],
  ['an expired message', { job: { validUntil: NOW } }, 'expired'],
  ['one being sent is left to its worker', { job: { validUntil: NOW }, message: { state: 'sending' } }, 'being-sent'],
  ['a recipient not prepared', { message: { state: 'unprepared' } }, 'not-prepared'],
  ['a pool that nobody can send for', { place: { sources: [] } }, 'no-live-source'],
  ['a job that begins later', { job: { notBefore: NOW + 50 } }, 'not-before', 50],
  ['a retry', { message: { dueAt: NOW + 70, waitReason: 'retry' } }, 'not-due', 70],
  ['a blocked site', { place: { rest: { kind: 'block', until: NOW + 90 } } }, 'site-blocked', 90],
  ['a site that rests', { place: { rest: { kind: 'back-off', until: NOW + 4 } } }, 'site-back-off', 4],
  [
    'of two that pass by themselves, the later',
    { message: { dueAt: NOW + 70 }, place: { rest: { kind: 'block', until: NOW + 90 } } },
    'site-blocked',
    90,
  ],
  ['a rest that is over does not bind', { place: { rest: { kind: 'block', until: NOW } } }, 'its-turn'],
  [
    'all sources suspended: until the first is free',
    { place: { sources: [suspended(1, 80), suspended(2, 40)] } },
    'suspended',
    40,
  ],
  ['one source suspended holds nothing up', { place: { sources: [suspended(1, 80), { publicId: 2 }] } }, 'its-turn'],
  [
    'all connections in use: until the first may be free',
    { place: { sources: [full(1, 'connections', 30), full(2, 'rate', 20)] } },
    'connections',
    20,
  ],
  ['the rate used up', { place: { sources: [full(1, 'rate', 30)] } }, 'rate', 30],
  ['in its lane', { message: { state: 'queued', dueAt: NOW + 5 } }, 'released'],
  ['nothing at all', {}, 'its-turn'],
])('%s', ([, change, constraint, inMs]) => {
  const why = decideWhy({
    now: NOW,
    job: { ...job, ...change.job },
    message: { ...message, ...change.message },
    place: { ...place, ...change.place },
  });
  expect(why.constraint).toBe(constraint);
  expect(why.nextAt).toBe(inMs === undefined ? undefined : NOW + inMs);
});

test("the provider's last words go with the answer; those that set off a suspension before those about the message", () => {
  const told = { ...message, lastReply: '451 later' };
  expect(decideWhy({ now: NOW, job, message: told, place }).lastReply).toBe('451 later');
  const held = { ...place, sources: [{ ...suspended(1, 80), holdReply: '421 [TSS04]' }] };
  expect(decideWhy({ now: NOW, job, message: told, place: held }).lastReply).toBe('421 [TSS04]');
});

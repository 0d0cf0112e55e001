import {
  claimsOf,
  claimWork,
  migrate,
  openDatabase,
  recordOutcomes,
  registerWorker,
  returnClaims,
  type Database,
  type ReleasedMessage,
} from '@mxflow/db';
import { createWorld } from '@mxflow/infra/testing';
import { connectMessaging, type Messaging } from '@mxflow/messaging';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { sent } from '../src/attempt-outcome.ts';
import { createClaimCheck, createClaimDesk } from '../src/claim-desk.ts';
import type { LaneMessage } from '../src/lane-message.ts';
import { OutcomeDesk } from '../src/outcome-desk.ts';
import { makeWork, type Work } from './make-work.ts';

const made = new AsyncDisposableStack();
let database: Database;
let desk: OutcomeDesk;
let epoch: number;
let fencedTo: number | undefined;
const settled: string[] = [];

beforeAll(async () => {
  const world = made.use(
    await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) }),
  );
  database = made.use(openDatabase(world.databaseUrl));
  const messaging = made.use(await connectMessaging({ url: world.amqpUrl, name: 'test' }));
  epoch = await registerWorker(database, 'w', []);
  desk = new OutcomeDesk({ database, messaging, currentEpoch, reportAgainMs: 60_000 });
});
afterAll(() => made.disposeAsync());

const currentEpoch = (): number => fencedTo ?? epoch;
const claim = (message: LaneMessage) => createClaimDesk({ database, desk, currentEpoch })(message);
const worked = (addresses: readonly string[]): Promise<Work> =>
  makeWork(database, addresses, { mode: 'live', siteKeyOf: async (domain) => `mx:0 mx.${domain}` });

function copyOf({ messageId, attempt, jobNumber, siteId, domain }: ReleasedMessage): LaneMessage {
  const settle = (): void => void settled.push(`${messageId}/${attempt}`);
  return { messageId, attempt, jobNumber, siteId, domain, traceparent: undefined, arrivedAtMs: 0, settle };
}

async function only(work: Work): Promise<ReleasedMessage> {
  const [message, ...others] = await work.release();
  if (message === undefined || others.length > 0) throw new Error('expected one message to be released');
  return message;
}

async function defer({ messageId, attempt }: ReleasedMessage): Promise<void> {
  const outcome = { messageId, attempt, status: 'deferred' as const, waitReason: 'retry', inDoubt: false };
  await recordOutcomes(database, [{ ...outcome, dueAt: Date.now() - 1000 }]);
}

test('a late copy of the attempt before, asked for beside the copy of this one, is refused', async () => {
  const work = await worked(['late@claims.test']);
  const first = await only(work);
  await claimWork(database, epoch, [first]);
  await defer(first);
  const second = await only(work);
  const ask = createClaimDesk({ database, desk, currentEpoch: () => epoch });
  const [late, fresh, again] = await Promise.all([ask(copyOf(first)), ask(copyOf(second)), ask(copyOf(second))]);
  expect(late).toBeUndefined();
  expect(fresh?.lane.attempt).toBe(2);
  expect(again).toBeUndefined();
});

test('a claim whose answer is on its way is not given back; one whose answer was lost is', async () => {
  const released = await only(await worked(['way@claims.test']));
  const message = copyOf(released);
  const asked = desk.asking([message]);
  const [claimed] = await claimWork(database, epoch, [released]);
  const isUnknown = async () => (await desk.reconcile(epoch)).some(({ messageId }) => messageId === released.messageId);
  expect(await isUnknown()).toBe(false);
  expect(await isUnknown()).toBe(false);
  asked[Symbol.dispose]();
  expect(await desk.reconcile(epoch)).toContainEqual({
    messageId: released.messageId,
    attempt: 1,
    claimedAt: claimed?.claimedAt,
  });
});

test('what was said of one claim does not touch the next claim of the same attempt', async () => {
  const work = await worked(['next@claims.test']);
  const one = await claim(copyOf(await only(work)));
  if (one === undefined) throw new Error('expected a claim');
  const back = { ...one.lane, claimedAt: one.claimedAt, delayMs: 0, reason: 'session-lost' };
  await returnClaims(database, epoch, [back]);
  const other = await claim(copyOf(await only(work)));
  if (other === undefined) throw new Error('expected a claim');
  // The first return again, as after a lost answer, and what follows it in this process.
  await returnClaims(database, epoch, [back]);
  desk.released(one.lane);
  const { messageId } = other.lane;
  expect((await claimsOf(database, epoch)).filter((each) => each.messageId === messageId)).toHaveLength(1);
  expect(desk.holds(one.lane)).toBe(false);
  expect(desk.holds(other.lane)).toBe(true);
  expect((await desk.reconcile(epoch)).filter((each) => each.messageId === messageId)).toEqual([]);
});

test('the confirm of one attempt that comes late leaves the claim of the next one alone', async () => {
  const work = await worked(['confirm@claims.test']);
  const first = await only(work);
  const one = await claim(copyOf(first));
  if (one === undefined) throw new Error('expected a claim');
  const facts = { messageId: first.messageId, attempt: 1, at: Date.now() };
  const reported = desk.report(sent(facts, { code: 250, enhanced: undefined, lines: ['ok'] }), one.lane);
  await defer(first);
  const two = await claim(copyOf(await only(work)));
  await reported;
  expect(two !== undefined && desk.holds(two.lane)).toBe(true);
});

test('claims whose epoch was fenced before their answer came are not ours', async () => {
  const message = copyOf(await only(await worked(['fenced@claims.test'])));
  const answer = claim(message);
  // The statement has the old epoch; what comes back finds another one.
  await Promise.resolve();
  fencedTo = epoch + 1;
  try {
    expect(await answer).toBeUndefined();
    expect(desk.holds(message)).toBe(false);
    expect((await claimsOf(database, epoch)).map(({ messageId }) => messageId)).toContain(message.messageId);
  } finally {
    fencedTo = undefined;
  }
});

test('an epoch that was fenced while its claims were read has none to give back: they may have been sent', async () => {
  const message = copyOf(await only(await worked(['sent@claims.test'])));
  expect(await claim(message)).toBeDefined();
  const unknown = desk.reconcile(epoch);
  fencedTo = epoch + 1;
  desk.forgetClaims();
  try {
    expect(await unknown).toEqual([]);
  } finally {
    fencedTo = undefined;
  }
});

test('an outcome that the broker refused is published again, and holds up nothing meanwhile', async () => {
  const published: unknown[] = [];
  const publishMany = async (messages: readonly unknown[]): Promise<void> => {
    published.push(...messages);
    if (published.length === 1) throw new Error('no queue took it');
  };
  const refused = new OutcomeDesk({
    database,
    messaging: { publishMany, blocked: false } as unknown as Messaging,
    currentEpoch,
    reportAgainMs: 0,
  });
  const message = copyOf(await only(await worked(['refused@claims.test'])));
  await createClaimDesk({ database, desk: refused, currentEpoch })(message);
  const facts = { messageId: message.messageId, attempt: 1, at: Date.now() };
  const outcome = sent(facts, { code: 250, enhanced: undefined, lines: ['ok'] });
  await expect(refused.report(outcome, message)).rejects.toThrow('no queue took it');
  expect({ unconfirmed: refused.unconfirmed, held: refused.holds(message) }).toEqual({ unconfirmed: 0, held: true });
  await refused.reconcile(epoch);
  await refused.reportAgain();
  expect(published).toHaveLength(2);
  expect(refused.holds(message)).toBe(false);
  expect(settled).toContain(`${message.messageId}/1`);
});

test('a claim that has waited is asked for again: not where the job stands still, nor where it was given back', async () => {
  const [work, stopped] = [await worked(['stale@claims.test']), await worked(['stopped@claims.test'])];
  const claims = [await claim(copyOf(await only(work))), await claim(copyOf(await only(stopped)))];
  const [going, standing] = claims.flatMap((each) => (each === undefined ? [] : [{ ...each, grantedAtMs: -1e6 }]));
  if (going === undefined || standing === undefined) throw new Error('expected two claims');
  await database.client.job.update({ where: { id: BigInt(stopped.jobNumber) }, data: { state: 'paused' } });
  const mayBeSent = createClaimCheck(database);
  expect(await Promise.all([mayBeSent(going), mayBeSent(standing)])).toEqual([true, false]);
  expect(await mayBeSent({ ...standing, grantedAtMs: performance.now() })).toBe(true);
  await returnClaims(database, epoch, [
    { ...going.lane, claimedAt: going.claimedAt, delayMs: 0, reason: 'session-lost' },
  ]);
  expect(await mayBeSent(going)).toBe(false);
});

import { openDatabase, type Database } from '@mxflow/db';
import type { MessageId, Source } from '@mxflow/domain';
import { createLogger } from '@mxflow/telemetry';
import { afterAll, expect, test } from 'vitest';

import type { LaneMessage } from './lane-message.ts';
import type { OutcomeDesk } from './outcome-desk.ts';
import { Paths, type ConnectionEnd, type PathsOptions } from './paths.ts';

const source: Source = { publicId: 1, publicIp: '127.0.0.1', heloName: 'mx.test', weight: 1, pools: ['default'] };
const key = { siteId: 1, source };
const message = (messageId: string): LaneMessage => ({
  messageId: messageId as MessageId,
  attempt: 1,
  jobNumber: '1',
  siteId: 1,
  domain: 'a.test',
  traceparent: undefined,
  arrivedAtMs: performance.now(),
  settle: () => {},
});
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const DENIED: ConnectionEnd = { kind: 'denied', binds: 'connections', askAgainMs: 60_000, scopeKey: 'rule:any/1' };

// Never asked: only a site that rests is written down.
const unasked = openDatabase('postgres://127.0.0.1:1/none');
afterAll(() => unasked[Symbol.asyncDispose]());

const putBack = { park: async () => {}, giveBack: async () => {}, settleRefused: async () => {} };

function pathsWith(options: Pick<PathsOptions, 'runConnection'> & Partial<PathsOptions>): Paths {
  return new Paths({
    database: unasked,
    desk: { room: () => 74, holds: () => true } as unknown as OutcomeDesk,
    claim: async () => undefined,
    putBack,
    alive: () => true,
    logger: createLogger({ service: 'test', level: 'silent' }),
    maxConnections: 100,
    ...options,
  });
}

test('a path that is forgotten, and pumped once more, does not take the one of its name that came after along', async () => {
  const asked: { readonly open: () => void; readonly end: (end: ConnectionEnd) => void }[] = [];
  const refusal = Promise.withResolvers<void>();
  const paths: Paths = pathsWith({
    putBack: { ...putBack, settleRefused: () => refusal.promise },
    runConnection: async (path, onOpened) => {
      const opened = Promise.withResolvers<'opened'>();
      const ended = Promise.withResolvers<ConnectionEnd>();
      asked.push({ open: () => opened.resolve('opened'), end: ended.resolve });
      if ((await Promise.race([opened.promise, ended.promise])) === 'opened') {
        onOpened();
        paths.pump(path);
      }
      return await ended.promise;
    },
  });
  paths.add(key, message('1'));
  asked[0]?.open();
  await turn();
  asked[0]?.end({ kind: 'used' });
  await turn();
  // The first path is gone, but for its refused claim, which is still being put away.
  paths.add(key, message('2'));
  asked[1]?.end(DENIED);
  await turn();
  refusal.resolve();
  await turn();
  paths.wake('rule:any/1');
  expect(asked).toHaveLength(3);
  await turn();
  asked[2]?.end({ kind: 'used' });
  await paths.stop();
});

test('connections that are denied all at once are not claimed for', async () => {
  const denied = Promise.withResolvers<ConnectionEnd>();
  const ended = Promise.withResolvers<ConnectionEnd>();
  let claims = 0;
  let connections = 0;
  const paths: Paths = pathsWith({
    claim: async (lane) => {
      claims += 1;
      return { lane, claimedAt: '', grantedAtMs: 0, address: 'a@a.test', variables: {} };
    },
    runConnection: async (path, onOpened) => {
      connections += 1;
      if (connections > 1) return await denied.promise;
      onOpened();
      paths.pump(path);
      return await ended.promise;
    },
  });
  for (let sent = 0; sent < 100; sent += 1) paths.add(key, message(String(sent)));
  await turn();
  expect(connections).toBeGreaterThan(40);
  denied.resolve(DENIED);
  await turn();
  // For the one that is open.
  expect(claims).toBe(1);
  ended.resolve({ kind: 'used' });
  await paths.stop();
});

test('a fault of ours amid a connection lets no site rest', async () => {
  const asked: string[] = [];
  const $queryRawUnsafe = async (sql: string): Promise<unknown> => (asked.push(sql), [{ blockedMs: 4000 }]);
  const paths = pathsWith({
    database: { client: { $queryRawUnsafe } } as unknown as Database,
    runConnection: async () => await Promise.reject(new Error('deadlock detected')),
  });
  paths.add(key, message('1'));
  await turn();
  await paths.stop();
  expect(asked).toEqual([]);
});

import type { Resolver } from '@mxflow/resolver';
import type { Session } from '@mxflow/smtp';
import { createLogger } from '@mxflow/telemetry';
import { expect, test } from 'vitest';

import type { ClaimedWork, LaneMessage } from './lane-message.ts';
import type { OutcomeDesk } from './outcome-desk.ts';
import { createPath } from './path.ts';
import { createRunConnection, type ConnectionOptions } from './run-connection.ts';
import type { Grants } from './shaping/grants.ts';
import type { Slot } from './shaping/slot.ts';

const source = { publicId: 1, publicIp: '127.0.0.1', heloName: 'mx.test', weight: 1, pools: ['default'] };
const lane = { domain: 'a.test' } as LaneMessage;
const message = { lane, claimedAt: '', grantedAtMs: 0, address: 'a@a.test', variables: {} } satisfies ClaimedWork;

test('a fault amid a message ends the connection, frees its slot and spends its token', async () => {
  const seen: string[] = [];
  let state = 'ready';
  const session = {
    get state() {
      return state;
    },
    messagesSent: 0,
    abort: async () => {
      state = 'closed';
      seen.push('reset');
      return { peerClosed: false, loss: { reason: 'aborted', detail: '' } };
    },
  } as unknown as Session;
  const slot = {
    point: { publicId: 1, mxHost: 'mx.a.test', mxIp: '127.0.0.1', siteId: 1 },
    rule: { limits: { maxMessagesPerConnection: 10 } },
    end: new AbortController(),
    idle: false,
  } as unknown as Slot;
  const grants = {
    tokenWaitMs: () => 0,
    token: async () => ({ spent: () => void seen.push('token spent'), unused: () => void seen.push('token unused') }),
    end: async () => void seen.push('slot freed'),
  } as unknown as Grants;
  const run = createRunConnection({
    database: { client: { $queryRawUnsafe: async () => [] } },
    resolver: { mx: async () => ({ kind: 'implicit' }) } as unknown as Resolver,
    grants,
    open: async () => ({ kind: 'open', session, mxHost: 'mx.a.test', mxIp: '127.0.0.1', slot }),
    desk: { mayStart: () => true } as unknown as OutcomeDesk,
    sendOne: async () => await Promise.reject(new Error('a fault')),
    pump: () => {},
    alive: () => true,
    logger: createLogger({ service: 'test', level: 'silent' }),
    putFirst: () => {},
    onReply: () => {},
    idleMs: 1000,
  } as unknown as ConnectionOptions);
  const path = createPath({ siteId: 1, source });
  path.ready.push(message);
  await expect(run(path, () => void seen.push('opened'))).rejects.toThrow('a fault');
  expect(seen.filter((what) => what !== 'reset')).toEqual(['opened', 'token spent', 'slot freed']);
  expect(seen).toContain('reset');
});

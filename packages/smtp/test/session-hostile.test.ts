import { Buffer } from 'node:buffer';

import { expect, test } from 'vitest';

import { connect, type Outcome, type Timeouts } from '../src/index.ts';
import { openSession, optionsFor, order, PATIENT } from './client.ts';
import { serve, type Peer, type Script } from './scripted-server.ts';

const IMPATIENT_MS = 40;

type OpeningRow = readonly [name: string, script: Script, failure: object, timeouts?: Partial<Timeouts>];

test.for<OpeningRow>([
  [
    'greets with 421',
    async (peer) => (peer.say('421 4.7.0 too many connections'), peer.end()),
    { stage: 'greeting', reason: 'service-closing', reply: { code: 421 }, peerClosed: true },
  ],
  [
    'greets with 554, and hears QUIT',
    async (peer) => {
      peer.say('554 no');
      await peer.answer(['QUIT', '221 bye']);
      peer.end();
    },
    { stage: 'greeting', reason: 'refused', reply: { code: 554 }, peerClosed: true },
  ],
  [
    'never greets',
    async () => undefined,
    { stage: 'greeting', reason: 'timed-out', peerClosed: false },
    { greetingMs: IMPATIENT_MS },
  ],
  [
    'drips its greeting for ever',
    async (peer) => {
      for (let n = 0; n < 1_000; n++) {
        peer.raw('2');
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    { stage: 'greeting', reason: 'timed-out' },
    { greetingMs: IMPATIENT_MS },
  ],
  [
    'greets with a line of 10 MB',
    async (peer) => peer.raw(Buffer.alloc(10_000_000, '2')),
    { stage: 'greeting', reason: 'protocol-error' },
  ],
  [
    'greets in HTTP',
    async (peer) => peer.say('HTTP/1.1 400 Bad Request'),
    { stage: 'greeting', reason: 'protocol-error' },
  ],
  ['closes at once', async (peer) => peer.end(), { stage: 'greeting', reason: 'closed-by-peer', peerClosed: true }],
  [
    'answers EHLO before it is said',
    async (peer) => peer.raw('220 hi\r\n250 there\r\n'),
    { stage: 'greeting', reason: 'protocol-error' },
  ],
  [
    'never answers EHLO',
    async (peer) => peer.say('220 hi'),
    { stage: 'ehlo', reason: 'timed-out' },
    { ehloMs: IMPATIENT_MS },
  ],
  [
    'answers EHLO with 4yz',
    async (peer) => {
      peer.say('220 hi');
      await peer.answer(['EHLO', '450 later'], ['QUIT', '221 bye']);
      peer.end();
    },
    { stage: 'ehlo', reason: 'refused', reply: { code: 450 } },
  ],
])('no session with a server that %s', async ([, script, failure, timeouts]) => {
  await using server = await serve(script);
  const result = await connect(optionsFor(server.port, { timeouts: { ...PATIENT, ...timeouts } }));
  expect(result).toMatchObject({ kind: 'failed', ...failure });
});

type MessageRow = readonly [name: string, script: Script, outcome: object, timeouts?: Partial<Timeouts>];

const upToContent = async (peer: Peer): Promise<void> => {
  await peer.answer(['MAIL', '250 ok'], ['RCPT', '250 ok'], ['DATA', '354 go']);
};

test.for<MessageRow>([
  [
    'answers MAIL with 421',
    async (peer) => {
      await peer.answer(['MAIL', '421 4.3.2 closing']);
      peer.end();
    },
    { kind: 'unreachable', loss: { reason: 'service-closing', reply: { code: 421 } }, mailSent: true },
  ],
  [
    'never answers MAIL',
    async (peer) => void (await peer.line()),
    { kind: 'unreachable', loss: { reason: 'timed-out' } },
    { mailMs: IMPATIENT_MS },
  ],
  [
    'never answers RCPT',
    async (peer) => void (await peer.answer(['MAIL', '250 ok'])),
    { kind: 'unreachable', loss: { reason: 'timed-out' } },
    { rcptMs: IMPATIENT_MS },
  ],
  [
    'never answers DATA',
    async (peer) => void (await peer.answer(['MAIL', '250 ok'], ['RCPT', '250 ok'])),
    { kind: 'unreachable', loss: { reason: 'timed-out' } },
    { dataMs: IMPATIENT_MS },
  ],
  [
    'closes before 354',
    async (peer) => {
      await peer.answer(['MAIL', '250 ok']);
      peer.end();
    },
    { kind: 'unreachable', loss: { reason: 'closed-by-peer' } },
  ],
  [
    'sends its final reply with 354',
    async (peer) => {
      await peer.answer(['MAIL', '250 ok'], ['RCPT', '250 ok'], ['DATA', '354 go\r\n250 Queued']);
    },
    { kind: 'unreachable', loss: { reason: 'protocol-error' } },
  ],
  [
    'begins its final reply with 354',
    async (peer) => {
      await peer.answer(['MAIL', '250 ok'], ['RCPT', '250 ok']);
      await peer.line();
      peer.raw('354 go\r\n250 Que');
    },
    { kind: 'unreachable', loss: { reason: 'protocol-error' } },
  ],
  [
    'is silent after the content',
    async (peer) => {
      await upToContent(peer);
      await peer.content();
    },
    { kind: 'in-doubt', loss: { reason: 'timed-out' } },
    { finalMs: IMPATIENT_MS },
  ],
  [
    'closes after the content',
    async (peer) => {
      await upToContent(peer);
      await peer.content();
      peer.end();
    },
    { kind: 'in-doubt', loss: { reason: 'closed-by-peer' } },
  ],
  [
    'resets after the content',
    async (peer) => {
      await upToContent(peer);
      await peer.content();
      peer.reset();
    },
    { kind: 'in-doubt', loss: { reason: 'closed-by-peer', errno: 'ECONNRESET' } },
  ],
  [
    'answers the content with 421',
    async (peer) => {
      await upToContent(peer);
      await peer.content();
      peer.say('421 4.3.2 closing');
      peer.end();
    },
    { kind: 'refused', stage: 'content', reply: { code: 421 } },
  ],
  [
    'answers the content with nonsense',
    async (peer) => {
      await upToContent(peer);
      await peer.content();
      peer.say('Queued');
    },
    { kind: 'in-doubt', loss: { reason: 'protocol-error' } },
  ],
  [
    'answers RCPT with a line of 10 MB',
    async (peer) => {
      await peer.answer(['MAIL', '250 ok']);
      await peer.line();
      peer.raw(Buffer.alloc(10_000_000, 'x'));
    },
    { kind: 'unreachable', loss: { reason: 'protocol-error' } },
  ],
])('a message to a server that %s', async ([, script, outcome, timeouts]) => {
  await using server = await serve(async (peer) => {
    await peer.open();
    await script(peer);
  });
  const { session, diary } = await openSession(server.port, {
    timeouts: { ...PATIENT, quitMs: IMPATIENT_MS, ...timeouts },
  });
  expect(await session.send(order())).toMatchObject(outcome);
  expect(session.state).toBe('closed');
  await diary.closed;
  expect(await session.send(order())).toMatchObject({ kind: 'unreachable', mailSent: false });
});

test.for<readonly [name: string, script: Script, outcome: object, timeouts?: Partial<Timeouts>]>([
  [
    'stops reading',
    async (peer) => {
      await upToContent(peer);
      peer.stall();
    },
    { kind: 'unreachable', loss: { reason: 'timed-out' } },
    { contentMs: IMPATIENT_MS },
  ],
  [
    'resets',
    async (peer) => {
      await upToContent(peer);
      peer.reset();
    },
    { kind: 'unreachable', loss: { reason: 'closed-by-peer' } },
  ],
  [
    'answers 552 early',
    async (peer) => {
      await upToContent(peer);
      peer.stall();
      peer.say('552 5.3.4 too much');
    },
    { kind: 'refused', stage: 'content', reply: { code: 552 } },
  ],
  [
    'answers 250 early',
    async (peer) => {
      await upToContent(peer);
      peer.stall();
      peer.say('250 Queued');
    },
    { kind: 'unreachable', loss: { reason: 'protocol-error' } },
  ],
])('amid a great content a server %s', async ([, script, outcome, timeouts]) => {
  await using server = await serve(async (peer) => {
    await peer.open();
    await script(peer);
  });
  const { session } = await openSession(server.port, { timeouts: { ...PATIENT, ...timeouts } });
  const content = Buffer.alloc(40_000_000, `${'x'.repeat(76)}\r\n`);
  expect(await session.send(order({ content }))).toMatchObject(outcome);
});

test('a message that a 421 caught amid its content never reaches its final dot, though the server reads on', async () => {
  const last = Promise.withResolvers<string>();
  const settled = Promise.withResolvers<void>();
  await using server = await serve(async (peer) => {
    await peer.open();
    await upToContent(peer);
    peer.stall();
    peer.say('421 4.3.2 closing');
    await settled.promise;
    last.resolve(await peer.readOut());
  });
  const { session } = await openSession(server.port, { timeouts: { ...PATIENT, quitMs: 500 } });
  const content = Buffer.alloc(40_000_000, `${'x'.repeat(76)}\r\n`);
  expect(await session.send(order({ content }))).toMatchObject({ kind: 'unreachable', mailSent: true });
  settled.resolve();
  expect(await last.promise).not.toMatch(/\r\n\.\r\n$/);
});

test.for<readonly [name: string, script: Script, reason: string]>([
  ['FIN', async (peer) => peer.end(), 'closed-by-peer'],
  ['421', async (peer) => (peer.say('421 4.4.2 idle'), peer.end()), 'service-closing'],
  ['a reply that nobody asked for', async (peer) => peer.say('250 surprise'), 'protocol-error'],
  ['a part of a reply', async (peer) => peer.raw('25'), 'protocol-error'],
])('an idle session is closed by %s, and takes no further message', async ([, script, reason]) => {
  const idle = Promise.withResolvers<void>();
  await using server = await serve(async (peer) => {
    await peer.open();
    await peer.take();
    await idle.promise;
    await script(peer);
  });
  const { session, diary } = await openSession(server.port);
  const first: Outcome = await session.send(order());
  expect(first.kind).toBe('accepted');
  idle.resolve();
  expect(await diary.closed).toMatchObject({ loss: { reason } });
  expect(session.state).toBe('closed');
  expect(await session.send(order())).toMatchObject({ kind: 'unreachable', loss: { reason }, mailSent: false });
});

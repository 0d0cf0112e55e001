import { Buffer } from 'node:buffer';

import { expect, test } from 'vitest';

import { connect } from '../src/index.ts';
import { openSession, optionsFor, order, PATIENT } from './client.ts';
import { serve } from './scripted-server.ts';

test('one session carries many messages, then takes leave and waits for the end', async () => {
  const contents: (string | undefined)[] = [];
  await using server = await serve(async (peer) => {
    await peer.open('PIPELINING', 'SIZE 1000000');
    for (let n = 0; n < 3; n++) contents.push(await peer.take(`250 2.0.0 Queued as ${n}`));
    await peer.answer(['QUIT', '221 bye']);
    peer.end();
  });
  const { session, diary } = await openSession(server.port);
  expect(session.capabilities).toMatchObject({ pipelining: true, sizeOctets: 1_000_000 });
  for (let n = 0; n < 3; n++) {
    const outcome = await session.send(order({ content: Buffer.from(`.${n}\nb`) }));
    expect(outcome).toEqual({
      kind: 'accepted',
      reply: { code: 250, enhanced: '2.0.0', lines: [`2.0.0 Queued as ${n}`] },
    });
  }
  expect(session.messagesSent).toBe(3);
  expect(await session.quit()).toMatchObject({ loss: { reason: 'quit' }, peerClosed: true });
  expect(session.state).toBe('closed');
  expect(contents).toEqual(['..0\r\nb', '..1\r\nb', '..2\r\nb']);
  expect(diary.events.map(({ kind }) => kind)).toEqual(['closed']);
});

test('replies that come one octet at a time are read like any others', async () => {
  await using server = await serve(async (peer) => {
    const drip = async (text: string): Promise<void> => {
      for (const octet of text) {
        peer.raw(octet);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await drip('220-mx\r\n220 test\r\n');
    await peer.line();
    await drip('250-mx\r\n250 8BITMIME\r\n');
    for (const reply of ['250 ok', '250 ok', '354 go']) {
      await peer.line();
      await drip(`${reply}\r\n`);
    }
    await peer.content();
    await drip('250-2.0.0 Queued\r\n250 2.0.0 for good\r\n');
  });
  const { session } = await openSession(server.port);
  expect(session.capabilities.eightBitMime).toBe(true);
  expect(await session.send(order())).toMatchObject({
    kind: 'accepted',
    reply: { lines: ['2.0.0 Queued', '2.0.0 for good'] },
  });
  await session.abort();
});

test('a content of many blocks arrives whole', async () => {
  const content = Buffer.from(`${'x'.repeat(70)}\r\n`.repeat(20_000));
  let received: string | undefined;
  await using server = await serve(async (peer) => {
    await peer.open();
    received = await peer.take();
  });
  const { session } = await openSession(server.port);
  expect((await session.send(order({ content }))).kind).toBe('accepted');
  expect(`${received}\r\n`).toBe(content.toString('latin1'));
  await session.abort();
});

test('a refused message harms neither the next nor the session', async () => {
  await using server = await serve(async (peer) => {
    await peer.open('PIPELINING');
    await peer.answer(['MAIL', '250 ok'], ['RCPT', '550 5.1.1 no such user'], ['DATA', '503 no recipients']);
    await peer.answer(['RSET', '250 ok']);
    await peer.take();
  });
  const { session } = await openSession(server.port);
  expect(await session.send(order())).toMatchObject({
    kind: 'refused',
    stage: 'RCPT',
    reply: { code: 550, enhanced: '5.1.1' },
  });
  expect((await session.send(order())).kind).toBe('accepted');
  await session.abort();
});

test('a server that takes content for nobody is remembered, and spoken to in lockstep', async () => {
  await using server = await serve(async (peer) => {
    await peer.open('PIPELINING');
    await peer.answer(['MAIL', '250 ok'], ['RCPT', '550 no'], ['DATA', '354 go'], ['.', '250 Queued']);
    await peer.answer(['RSET', '250 ok']);
    await peer.take();
  });
  const { session, diary } = await openSession(server.port);
  expect(await session.send(order())).toMatchObject({ kind: 'refused', stage: 'RCPT' });
  expect(diary.events.map(({ kind }) => kind)).toEqual(['misbehaved']);
  expect((await session.send(order())).kind).toBe('accepted');
  await session.abort();
});

test('a verification goes up to RCPT and is reset', async () => {
  await using server = await serve(async (peer) => {
    await peer.open('PIPELINING');
    await peer.answer(['MAIL', '250 ok'], ['RCPT', '250 2.1.5 fine'], ['RSET', '250 ok']);
    await peer.answer(['QUIT', '221 bye']);
    peer.end();
  });
  const { session } = await openSession(server.port);
  expect(await session.send(order({ verifyOnly: true }))).toMatchObject({
    kind: 'verified',
    reply: { enhanced: '2.1.5' },
  });
  expect((await session.quit()).peerClosed).toBe(true);
});

test('a message is withheld where the word does not come, and MAIL is not written', async () => {
  await using server = await serve(async (peer) => {
    await peer.open();
    await peer.answer(['QUIT', '221 bye']);
    peer.end();
  });
  const { session } = await openSession(server.port);
  expect(await session.send(order({ beforeMail: () => false }))).toEqual({ kind: 'withheld' });
  expect(session.messagesSent).toBe(0);
  await session.quit();
});

test('a connection that nobody accepts names its error', async () => {
  let port: number;
  {
    await using server = await serve(async () => undefined);
    port = server.port;
  }
  expect(await connect(optionsFor(port))).toMatchObject({
    kind: 'failed',
    stage: 'connect',
    errno: 'ECONNREFUSED',
    peerClosed: true,
  });
});

test('a source address that is not on this host names its error', async () => {
  const result = await connect(optionsFor(25, { localAddress: '192.0.2.1' }));
  expect(result).toMatchObject({ kind: 'failed', stage: 'connect', errno: 'EADDRNOTAVAIL' });
});

test('the source address is the one that was asked for', async () => {
  await using server = await serve(async (peer) => await peer.open());
  const { session } = await openSession(server.port, { localAddress: '127.0.0.9' });
  expect((await session.abort()).loss.reason).toBe('aborted');
});

test('an abort sends FIN at once; a server that closes its own end has seen it', async () => {
  await using server = await serve(async (peer) => {
    await peer.open();
    await server.ended;
    peer.end();
  });
  const abort = new AbortController();
  const { diary } = await openSession(server.port, { signal: abort.signal });
  abort.abort();
  expect(await server.ended).toBe('fin');
  expect(await diary.closed).toMatchObject({ loss: { reason: 'aborted' }, peerClosed: true });
});

test('of a server that does not, nobody can say whether it has seen the end', async () => {
  await using server = await serve(async (peer) => await peer.open());
  const abort = new AbortController();
  const { diary } = await openSession(server.port, { signal: abort.signal, timeouts: { ...PATIENT, quitMs: 30 } });
  abort.abort();
  expect(await diary.closed).toMatchObject({ loss: { reason: 'aborted' }, peerClosed: false });
});

test('an abort before the connection gives it up', async () => {
  const result = await connect(optionsFor(1, { signal: AbortSignal.abort() }));
  expect(result).toMatchObject({ kind: 'failed', stage: 'connect', reason: 'aborted' });
});

test('a server that answers QUIT but does not close is cut off', async () => {
  await using server = await serve(async (peer) => {
    await peer.open();
    await peer.answer(['QUIT', '221 bye']);
  });
  const { session } = await openSession(server.port, { timeouts: { ...PATIENT, quitMs: 30 } });
  expect((await session.quit()).peerClosed).toBe(false);
  expect(await server.ended).toBe('rst');
});

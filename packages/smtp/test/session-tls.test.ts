import { expect, test } from 'vitest';

import { connect, type ConnectOptions } from '../src/index.ts';
import { openSession, optionsFor, order } from './client.ts';
import { serve, type Peer, type Script } from './scripted-server.ts';
import { SELF_SIGNED } from './self-signed.ts';

/** Opens a session under TLS; false where the client would not shake hands. */
async function openSecurely(peer: Peer): Promise<boolean> {
  await peer.open('STARTTLS', 'SIZE 5');
  await peer.answer(['STARTTLS', '220 go ahead']);
  if (!(await peer.secure())) return false;
  await peer.hear('EHLO', 'PIPELINING');
  return true;
}

const secureServer: Script = async (peer) => {
  if (!(await openSecurely(peer))) return;
  await peer.take();
  await peer.answer(['QUIT', '221 bye']);
  peer.end();
};

function tls(policy: 'opportunistic' | 'required', verify: boolean, ca?: string): Pick<ConnectOptions, 'tls'> {
  return { tls: { policy, verify, servername: 'mx.test', ca } };
}

test.for<readonly [name: string, options: Pick<ConnectOptions, 'tls'>, verified: boolean]>([
  ['opportunistic TLS takes any certificate', tls('opportunistic', false), false],
  ['required TLS without verification does too', tls('required', false), false],
  ['required TLS verifies', tls('required', true, SELF_SIGNED.cert), true],
])('%s', async ([, options, verified]) => {
  await using server = await serve(secureServer);
  const { session } = await openSession(server.port, options);
  expect(session.tlsInfo).toMatchObject({ protocol: 'TLSv1.3', verified });
  expect(session.capabilities).toMatchObject({ pipelining: true, startTls: false, size: false });
  expect((await session.send(order())).kind).toBe('accepted');
  expect((await session.quit()).peerClosed).toBe(true);
});

test('required TLS refuses a certificate that does not verify', async () => {
  await using server = await serve(secureServer);
  const result = await connect(optionsFor(server.port, tls('required', true)));
  expect(result).toMatchObject({
    kind: 'failed',
    stage: 'tls',
    reason: 'tls-failed',
    errno: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
});

test('required TLS refuses a certificate of another name', async () => {
  await using server = await serve(secureServer);
  const options = { tls: { ...tls('required', true, SELF_SIGNED.cert).tls, servername: 'other.test' } };
  const result = await connect(optionsFor(server.port, options));
  expect(result).toMatchObject({ kind: 'failed', stage: 'tls', errno: 'ERR_TLS_CERT_ALTNAME_INVALID' });
});

test('a handshake that fails says so, and the same server is reached in clear', async () => {
  await using server = await serve(async (peer) => {
    await peer.open('STARTTLS');
    const line = await peer.line();
    if (line === 'STARTTLS') {
      peer.say('220 go ahead');
      await peer.octets();
      peer.say('what is this?');
      return;
    }
    peer.say('221 bye');
    peer.end();
  });
  expect(await connect(optionsFor(server.port, tls('opportunistic', false)))).toMatchObject({
    kind: 'failed',
    stage: 'tls',
    reason: 'tls-failed',
  });
  const { session } = await openSession(server.port);
  expect(session.tlsInfo).toBeUndefined();
  await session.quit();
});

test('octets that came in clear before the handshake end the session', async () => {
  await using server = await serve(async (peer) => {
    await peer.open('STARTTLS');
    await peer.answer(['STARTTLS', '220 go ahead\r\n250-injected\r\n250 PIPELINING']);
  });
  const result = await connect(optionsFor(server.port, tls('opportunistic', false)));
  expect(result).toMatchObject({ kind: 'failed', stage: 'tls', reason: 'protocol-error' });
});

test('a handshake that never comes to an end is given up', async () => {
  await using server = await serve(async (peer) => {
    await peer.open('STARTTLS');
    await peer.answer(['STARTTLS', '220 go ahead']);
  });
  const options = optionsFor(server.port, tls('required', false));
  const result = await connect({ ...options, timeouts: { ...options.timeouts, ehloMs: 60 } });
  expect(result).toMatchObject({ kind: 'failed', stage: 'tls', reason: 'timed-out' });
});

test('an abort under TLS cuts the connection off with RST', async () => {
  await using server = await serve(async (peer) => void (await openSecurely(peer)));
  const { session } = await openSession(server.port, tls('opportunistic', false));
  await session.abort();
  expect(await server.ended).toBe('rst');
});

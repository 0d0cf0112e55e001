import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';

import { afterEach, expect, test } from 'vitest';

import { selfSignedCertificate, startDnsServer } from '@mxflow/provider-sim';
import { createResolver, type AddressResolution } from '@mxflow/resolver';

import { addressPolicy, type AddressPolicy } from '../src/webhook-address.ts';
import { createWebhookPost, type WebhookPostOptions } from '../src/webhook-post.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) (server as { closeAllConnections(): void }).closeAllConnections();
  }
});

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  servers.push(server);
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Answers every request so, and keeps what it was asked. */
function diaryOf(answer: RequestListener = (_request, response) => response.writeHead(204).end()) {
  const asked: string[] = [];
  const listener: RequestListener = (request, response) => {
    asked.push(request.headers.host ?? '');
    answer(request, response);
  };
  return { asked, listener };
}

/** A resolver whose answers differ from one question to the next. */
function flippingResolver(...answers: readonly string[][]) {
  const asked: string[] = [];
  const addresses = (host: string): Promise<AddressResolution> => {
    const found = answers[Math.min(asked.push(host), answers.length) - 1] ?? [];
    return Promise.resolve({ kind: 'found', addresses: found.map((address) => ({ family: 4, address })) });
  };
  return { asked, addresses };
}

const nowhere: WebhookPostOptions['resolver'] = { addresses: () => Promise.resolve({ kind: 'none' }) };
const LOOPBACK = addressPolicy(['127.0.0.0/8', '::1/128']);
const send = (url: string) => ({ url, secret: 's', body: '{}', now: Date.now() });

async function postTo(url: string, options: Partial<WebhookPostOptions>) {
  await using post = createWebhookPost({ resolver: nowhere, mayReach: LOOPBACK, limitMs: 1_500, ...options });
  return await post.send(send(url));
}

test.for([
  'http://127.0.0.1:PORT/',
  'http://localhost:PORT/',
  'http://2130706433:PORT/',
  'http://0x7f.1:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://inside.example:PORT/',
])('%s is not reached where its network is not listed', async (url) => {
  const { asked, listener } = diaryOf();
  const port = await listen(createHttpServer(listener));
  const resolver = flippingResolver(['127.0.0.1']);
  for (const scheme of ['http:', 'https:']) {
    const result = await postTo(url.replace('http:', scheme).replace('PORT', String(port)), {
      mayReach: addressPolicy([]),
      resolver,
    });
    expect(result).toMatchObject({ kind: 'unreachable', because: expect.stringContaining('ADDRESS_NOT_ALLOWED') });
  }
  expect(asked).toEqual([]);
});

test('a name is resolved once, and what was checked is what is connected to', async () => {
  const { asked, listener } = diaryOf();
  const port = await listen(createHttpServer(listener), '127.0.0.1');
  const inside = diaryOf();
  await new Promise<void>((resolve) => {
    const server = createHttpServer(inside.listener).listen(port, '127.0.0.2', resolve);
    servers.push(server);
  });
  const mayReach: AddressPolicy = (address) => address === '127.0.0.1';
  const resolver = flippingResolver(['127.0.0.1'], ['127.0.0.2']);
  await using post = createWebhookPost({ resolver, mayReach, limitMs: 1_500 });
  expect(await post.send(send(`http://flips.example:${port}/`))).toEqual({ kind: 'answered', statusCode: 204 });
  expect(resolver.asked).toEqual(['flips.example']);
  expect(asked).toEqual([`flips.example:${port}`]);
  await using later = createWebhookPost({ resolver, mayReach, limitMs: 1_500 });
  expect(await later.send(send(`http://flips.example:${port}/`))).toMatchObject({ kind: 'unreachable' });
  expect(inside.asked).toEqual([]);
});

test('of several addresses the first that is allowed is taken', async () => {
  const { asked, listener } = diaryOf();
  const port = await listen(createHttpServer(listener));
  const result = await postTo(`http://mixed.example:${port}/`, {
    resolver: flippingResolver(['10.0.0.1', '127.0.0.1']),
  });
  expect([result, asked.length]).toEqual([{ kind: 'answered', statusCode: 204 }, 1]);
});

test('names come from the name servers that are set', async () => {
  const { listener } = diaryOf();
  const port = await listen(createHttpServer(listener));
  await using dns = await startDnsServer({ zone: { 'hook.example': { a: ['127.0.0.1'] } } });
  const resolver = createResolver({ servers: [`127.0.0.1:${dns.port}`] });
  expect(await postTo(`http://hook.example:${port}/`, { resolver })).toEqual({ kind: 'answered', statusCode: 204 });
  expect(await postTo(`http://other.example:${port}/`, { resolver })).toMatchObject({ kind: 'unreachable' });
});

test('the certificate must be trusted and name the host', async () => {
  const { asked, listener } = diaryOf();
  const { certificate, privateKey } = selfSignedCertificate(['hook.example']);
  const port = await listen(createHttpsServer({ cert: certificate, key: privateKey }, listener));
  const resolver = flippingResolver(['127.0.0.1']);
  const url = `https://hook.example:${port}/`;
  expect(await postTo(url, { resolver, ca: certificate })).toEqual({ kind: 'answered', statusCode: 204 });
  expect(asked).toEqual([`hook.example:${port}`]);
  expect(await postTo(url, { resolver })).toMatchObject({ because: expect.stringContaining('SELF_SIGNED') });
  for (const other of ['https://other.example', 'https://127.0.0.1']) {
    expect(await postTo(`${other}:${port}/`, { resolver, ca: certificate })).toMatchObject({
      because: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
    });
  }
  expect(asked).toHaveLength(1);
});

test.for<readonly [title: string, answer: RequestListener | 'silence', result: object]>([
  [
    'a redirect is an answer like another',
    (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    { kind: 'answered', statusCode: 302 },
  ],
  [
    'an answer without end is left at 64 kB',
    (_request, response) => {
      response.writeHead(200);
      const flood = (): void =>
        void (response.destroyed || response.write(Buffer.alloc(65_536), () => setImmediate(flood)));
      flood();
    },
    { kind: 'answered', statusCode: 200 },
  ],
  [
    'content that never comes changes nothing about the status',
    (_request, response) => void response.writeHead(200).write('x'),
    { kind: 'answered', statusCode: 200 },
  ],
  ['no answer is none', () => {}, { kind: 'unreachable', because: 'no answer within 1500 ms' }],
  ['nor is a header that comes drop by drop', 'silence', { kind: 'unreachable', because: 'no answer within 1500 ms' }],
])('%s', async ([, answer, result]) => {
  const slow = (): Server =>
    createTcpServer((socket) => {
      socket.on('error', () => {});
      const timer = setInterval(() => socket.write('H'), 100);
      socket.once('close', () => clearInterval(timer));
      socket.write('HTTP/1.1 200 OK\r\nX: ');
    });
  const port = await listen(answer === 'silence' ? slow() : createHttpServer(diaryOf(answer).listener));
  const startedAt = performance.now();
  expect(await postTo(`http://127.0.0.1:${port}/`, {})).toEqual(result);
  expect(performance.now() - startedAt).toBeLessThan(2_500);
});

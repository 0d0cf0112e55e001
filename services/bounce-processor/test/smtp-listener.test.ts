import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { openDatabase, storeInboundMail } from '@mxflow/db';
import { selfSignedCertificate } from '@mxflow/provider-sim';
import { createLogger, startTelemetry } from '@mxflow/telemetry';

import { createInboundEvents } from '../src/inbound/events.ts';
import { startListener, type Listener, type ListenerOptions } from '../src/inbound/smtp-listener.ts';
import { connectSmtp } from './smtp-client.ts';
import { openTestWorld, until, type TestWorld } from './world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openTestWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const LIMITS = {
  connections: 10,
  connectionsPerPeer: 10,
  mailsPerMinute: 1000,
  sizeOctets: 1_000_000,
  heldOctets: 4_000_000,
  recipients: 100,
  silenceMs: 10_000,
};

type Running = Listener & { readonly refused: () => Promise<Record<string, number>> };

async function listen({
  limits,
  ...options
}: Partial<Omit<ListenerOptions, 'limits'>> & { limits?: Partial<ListenerOptions['limits']> } = {}): Promise<Running> {
  await using made = new AsyncDisposableStack();
  const telemetry = made.use(startTelemetry({ service: 'bounce-processor', version: '0', otlpEndpoint: '' }));
  const listener = made.use(
    await startListener({
      host: '127.0.0.1',
      port: 0,
      domains: ['bounce.example.com', 'b2.example.org'],
      store: (mail) => storeInboundMail(world.database, mail),
      noRoom: () => undefined,
      events: createInboundEvents(
        telemetry.meter,
        createLogger({ service: 'bounce-processor', level: 'error', destination: { write: () => {} } }),
      ),
      ...options,
      limits: { ...LIMITS, ...limits },
    }),
  );
  const held = made.move();
  return {
    port: listener.port,
    refused: async () => {
      const samples = (await telemetry.metricsText()).matchAll(
        /^mxflow_inbound_refused_total\{[^}]*reason="(\w+)"[^}]*\} ([1-9]\d*)/gm,
      );
      return Object.fromEntries([...samples].map(([, reason, count]) => [reason, Number(count)]));
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const stored = () =>
  world.database.client.inboundMail.findMany({ orderBy: { id: 'desc' }, take: 1 }).then(([mail]) => mail);
const count = () => world.database.client.inboundMail.count();

test('a mail is stored before it is answered, with its whole envelope and its octets', async () => {
  await using listener = await listen();
  await using client = await connectSmtp(listener.port);
  const content = Buffer.concat([
    Buffer.from('Subject: x\r\n\r\n.a dot\r\n..\r\n'),
    Buffer.from([0, 255, 128]),
    Buffer.from('\r\n'),
  ]);
  const to = ['b-x@Bounce.example.com', 'Y@b2.EXAMPLE.org', 'postmaster'];
  expect(await client.mail({ from: 'a@example.net', to, content })).toBe('250 2.0.0 Stored');
  const mail = await stored();
  expect(mail).toMatchObject({ cameBy: 'smtp', mailFrom: 'a@example.net', peer: '127.0.0.1', processedAt: null });
  expect(mail?.rcptTo.split('\n')).toEqual(to);
  expect(Buffer.from(mail?.raw ?? [])).toEqual(content);
  expect(mail?.octets).toBe(content.length);
});

test('it relays nothing', async () => {
  await using listener = await listen();
  await using client = await connectSmtp(listener.port);
  await client.say('MAIL FROM:<>');
  for (const address of [
    'a@example.com',
    'a@sub.bounce.example.com',
    'a%example.com@example.net',
    '@bounce.example.com:a@example.net',
    '"a@bounce.example.com"@example.net',
    'a@bounce.example.com.example.net',
    'a@[127.0.0.1]',
  ]) {
    expect(await client.say(`RCPT TO:<${address}>`)).toMatch(/^(?:550 5\.7\.1|501)/);
  }
  expect(await client.say('DATA')).toMatch(/^503/);
  expect(await client.say('AUTH PLAIN AAAA')).toMatch(/^50/);
  expect(await listener.refused()).toEqual({ relay: 6 });
});

test('what is too large is refused, announced or not, and the connection lives on', async () => {
  await using listener = await listen();
  await using client = await connectSmtp(listener.port);
  const before = await count();
  expect(await client.say('MAIL FROM:<> SIZE=50000000')).toMatch(/^552/);
  const content = Buffer.alloc(5_000_000, 'abcdefgh\r\n');
  expect(await client.mail({ to: ['x@bounce.example.com'], content })).toMatch(/^552 5\.3\.4/);
  expect(await count()).toBe(before);
  expect(await client.mail({ to: ['x@bounce.example.com'], content: 'a: b\r\n' })).toMatch(/^250/);
  expect(await listener.refused()).toEqual({ too_large: 1 });
});

test('10,000 recipients are put off beyond the limit, not lost', async () => {
  await using listener = await listen();
  await using client = await connectSmtp(listener.port);
  await client.say('MAIL FROM:<>');
  client.write(Array.from({ length: 10_000 }, (_, n) => `RCPT TO:<r${n}@bounce.example.com>\r\n`).join(''));
  const replies: string[] = [];
  for (let n = 0; n < 10_000; n += 1) replies.push((await client.reply()).slice(0, 3));
  expect(replies.filter((code) => code === '250')).toHaveLength(100);
  expect(replies.filter((code) => code === '452')).toHaveLength(9_900);
  await client.say('DATA');
  client.write('a: b\r\n\r\n.\r\n');
  expect(await client.reply()).toMatch(/^250/);
  expect((await stored())?.rcptTo.split('\n')).toHaveLength(100);
});

test('connections, mails a minute and mail in memory are limited', async () => {
  await using listener = await listen({ limits: { connectionsPerPeer: 1, mailsPerMinute: 2, heldOctets: 50_000 } });
  await using client = await connectSmtp(listener.port);
  await using second = await connectSmtp(listener.port, { greeting: false });
  expect(await second.reply()).toMatch(/^421 4\.7\.0/);
  const large = { to: ['x@bounce.example.com'], content: Buffer.alloc(200_000, 'abcdefgh\r\n') };
  expect(await client.mail(large)).toMatch(/^452 4\.3\.1/);
  const small = { to: ['x@bounce.example.com'], content: 'a: b\r\n' };
  expect(await client.mail(small)).toMatch(/^250/);
  expect(await client.mail(small)).toMatch(/^450 4\.7\.1/);
  expect(await listener.refused()).toEqual({ too_many_connections: 1, no_memory: 1, too_fast: 1 });
});

test('a mail of lines that begin with a dot takes no more memory than it holds', async () => {
  setFlagsFromString('--expose-gc');
  const used = (): number => {
    (runInNewContext('gc') as () => void)();
    return process.memoryUsage().heapUsed;
  };
  let held = 0;
  await using listener = await listen({ store: async () => void (held = used()) });
  await using client = await connectSmtp(listener.port);
  const before = used();
  const dots = (lines: number) => ({ to: ['x@bounce.example.com'], content: '\n..'.repeat(lines) });
  expect(await client.mail(dots(24_000))).toMatch(/^250/);
  expect(held - before).toBeLessThan(2_000_000);
  // More of it is nothing but a load: it is not even read to its end.
  expect(await client.mail(dots(300_000))).toMatch(/^421 4\.7\.0/);
  await expect(client.say('NOOP')).rejects.toThrow();
  expect(await listener.refused()).toEqual({ scattered: 1 });
});

test('with too much waiting, and with Postgres away, mail stays with its sender', async () => {
  let lacking: 'backlog' | 'full' | undefined = 'backlog';
  // Nothing listens there.
  await using away = openDatabase('postgresql://nobody@127.0.0.1:1/nothing');
  let tried = 0;
  await using listener = await listen({
    noRoom: () => lacking,
    store: (mail) => {
      tried += 1;
      return storeInboundMail(away, mail);
    },
  });
  await using client = await connectSmtp(listener.port);
  const mail = { to: ['x@bounce.example.com'], content: 'a: b\r\n' };
  expect(await client.mail(mail)).toMatch(/^452 4\.3\.1/);
  lacking = 'full';
  expect(await client.mail(mail)).toMatch(/^452 4\.3\.1/);
  expect(tried).toBe(0);
  lacking = undefined;
  expect(await client.mail(mail)).toMatch(/^451 4\.3\.0/);
  expect(await listener.refused()).toEqual({ backlog: 1, full: 1, database_away: 1 });
});

test('a mail whose connection breaks, or that never ends, is not stored', async () => {
  await using listener = await listen({ limits: { silenceMs: 300 } });
  const before = await count();
  const start = async () => {
    const client = await connectSmtp(listener.port);
    for (const command of ['MAIL FROM:<>', 'RCPT TO:<x@bounce.example.com>', 'DATA']) await client.say(command);
    client.write('a: b\r\n\r\nhalf a mail\r\n');
    return client;
  };
  const broken = await start();
  await broken[Symbol.asyncDispose]();
  await using silent = await start();
  expect(await silent.reply()).toMatch(/^421/);
  await using other = await connectSmtp(listener.port);
  expect(await other.mail({ to: ['x@bounce.example.com'], content: 'a: b\r\n' })).toMatch(/^250/);
  await until(async () => (await count()) === before + 1);
});

test('STARTTLS is offered with a certificate, and what was said before it is forgotten', async () => {
  await using plain = await listen();
  await using client = await connectSmtp(plain.port);
  expect(await client.say('STARTTLS')).toMatch(/^50/);
  const { certificate, privateKey } = selfSignedCertificate(['bounce.example.com']);
  await using listener = await listen({ tls: { cert: Buffer.from(certificate), key: Buffer.from(privateKey) } });
  const socket = net.connect(listener.port, '127.0.0.1');
  const said = async (part: RegExp, from: net.Socket = socket): Promise<string> => {
    let text = '';
    while (!part.test(text)) text += String((await once(from, 'data'))[0]);
    return text;
  };
  await said(/^220 /);
  socket.write('EHLO test.example\r\n');
  expect(await said(/^250 /m)).toContain('STARTTLS');
  // Commands behind STARTTLS in the same packet would run as if they had come encrypted (CVE-2011-0411).
  socket.write('STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<>\r\nRCPT TO:<x@bounce.example.com>\r\n');
  await said(/^220 /);
  const secure = tls.connect({ socket, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  secure.write('DATA\r\n');
  expect(await said(/\r\n/, secure)).toMatch(/^503/);
  secure.write('EHLO test.example\r\n');
  expect(await said(/^250 /m, secure)).not.toContain('STARTTLS');
  secure.destroy();
});

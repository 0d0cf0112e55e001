import net from 'node:net';

import { expect, test } from 'vitest';

import { content, type RawClient } from './raw-client.ts';
import { eventually, startWorld, type World } from './world.ts';

/** Sends one message in lockstep groups and answers the last reply. */
async function send(client: RawClient, id: string, rcpt = 'r@sim.test'): Promise<string> {
  client.say(`MAIL FROM:<b+${id}@sender.test>`, `RCPT TO:<${rcpt}>`, 'DATA');
  await client.reply();
  const recipient = await client.reply();
  const data = await client.reply();
  if (!data.startsWith('354')) return recipient;
  client.write(`${content(id)}.\r\n`);
  return client.reply();
}

test('421 greets the connection above the limit, counted over all addresses of the provider', async () => {
  await using world = await startWorld({ connectionsPerSource: { max: 2 } });
  using _one = await world.greeted('127.0.0.5');
  using two = await world.connected({ source: '127.0.0.5', address: world.address.replace(/1$/, '2') });
  expect(await two.reply()).toMatch(/^220/);
  using three = await world.connected({ source: '127.0.0.5' });
  expect(await three.reply()).toMatch(/^421 4\.7\.0 .* too many connections from 127\.0\.0\.5/);
  expect(await three.ended()).toBe('closed');
  using other = await world.connected({ source: '127.0.0.6' });
  expect(await other.reply()).toMatch(/^220/);
  two.socket.destroy();
  await eventually('room again', async () => {
    using again = await world.connected({ source: '127.0.0.5' });
    return (await again.reply()).startsWith('220');
  });
  const { scopes } = await world.analysis();
  expect(scopes['provider']?.['127.0.0.5 sim']?.maxConnections).toBe(3);
});

test('closes after so many messages: with 421, or without a word', async () => {
  await using world = await startWorld({ messagesPerConnection: { max: 2, ending: '421' } });
  using polite = await world.greeted();
  await send(polite, 'm1');
  await send(polite, 'm2');
  expect(await polite.ask('MAIL FROM:<a@x>')).toMatch(/^421/);
  expect(await polite.ended()).toBe('closed');
  await world.provider.setBehaviour({ messagesPerConnection: { max: 1, ending: 'close' } });
  using rude = await world.greeted();
  expect(await send(rude, 'm3')).toMatch(/^250/);
  expect(await rude.ended()).toBe('closed');
  expect((await world.analysis()).scopes['server']?.['sim']).toMatchObject({
    maxMessagesPerConnection: 3,
    accepted: 3,
  });
});

test('throttles MAIL above a rate', async () => {
  await using world = await startWorld({ texts: 'yahoo', messagesPerWindow: { max: 2, windowMs: 60_000 } });
  using client = await world.greeted();
  await send(client, 'm1');
  await send(client, 'm2');
  expect(await client.ask('MAIL FROM:<a@x>')).toMatch(/^421 4\.(7\.0 \[TSS04\]|16\.55 \[TS01\])/);
});

test('greylists a triplet, and takes it when it is old enough', async () => {
  await using world = await startWorld({ greylistMs: 50, texts: 'gmx' });
  using client = await world.greeted();
  expect(await send(client, 'm1')).toMatch(/^451 4\.7\.1 /);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(await send(client, 'm1')).toMatch(/^250/);
  expect(await send(client, 'm2')).toMatch(/^451/);
});

test('slow: replies are held back, in their order', async () => {
  await using world = await startWorld({ replyDelayMs: { mail: 60, rcpt: 20 } });
  using client = await world.greeted();
  const startedAt = performance.now();
  client.say('MAIL FROM:<a@x>', 'RCPT TO:<r@sim.test>', 'NOOP');
  expect(await client.reply()).toBe('250 2.1.0 Ok');
  expect(await client.reply()).toBe('250 2.1.5 Ok');
  expect(await client.reply()).toBe('250 2.0.0 Ok');
  expect(performance.now() - startedAt).toBeGreaterThan(75);
});

test('an idle connection is ended with 421', async () => {
  await using world = await startWorld({ idleTimeoutMs: 40 });
  using client = await world.greeted();
  expect(await client.reply()).toMatch(/^421 4\.4\.2 /);
  expect(await client.ended()).toBe('closed');
});

test('dribbled replies arrive whole in the end', async () => {
  await using world = await startWorld({ dribble: true });
  using client = await world.greeted();
  expect(await send(client, 'm1')).toMatch(/^250/);
  expect(await client.ask('QUIT')).toBe('221 2.0.0 Bye');
});

type Fault = readonly [what: string, at: 'greeting' | 'mail' | 'content', does: 'silence' | 'close' | 'reset'];
test.for<Fault>([
  ['no greeting', 'greeting', 'silence'],
  ['closed instead of a greeting', 'greeting', 'close'],
  ['silence after MAIL', 'mail', 'silence'],
  ['silence after the dot', 'content', 'silence'],
  ['reset after the dot', 'content', 'reset'],
])('fault: %s', async ([, at, does]) => {
  await using world = await startWorld({ faults: [{ at, does }] });
  using client = await world.connected();
  if (at !== 'greeting') {
    await client.reply();
    await client.ask('EHLO x');
    client.say('MAIL FROM:<a@x>');
  }
  if (at === 'content') {
    await client.reply();
    await client.ask('RCPT TO:<r@sim.test>');
    await client.ask('DATA');
    client.write(`${content('m1')}.\r\n`);
  }
  if (does === 'silence') {
    await expect(Promise.race([client.reply(), later(80)])).resolves.toBe('nothing');
    client.socket.end();
    await eventually('the close on record', async () => (await world.analysis()).stillOpen === 0);
  } else expect(await client.ended()).toBe(does === 'reset' ? 'reset' : 'closed');
  expect((await world.analysis()).accepted).toBe(0);
});

function later(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve('nothing'), ms));
}

test('accepts and hangs up without a word; the second copy shows as a duplicate', async () => {
  await using world = await startWorld({ faults: [{ at: 'content', does: 'close', accepts: true, times: 1 }] });
  using client = await world.greeted();
  await expect(send(client, 'm1')).rejects.toThrow('closed');
  using again = await world.greeted();
  expect(await send(again, 'm1')).toMatch(/^250/);
  expect((await world.analysis()).duplicates).toEqual([{ id: 'm1', rcpt: 'r@sim.test', times: 2 }]);
});

test('354 and then the connection breaks amid the content', async () => {
  await using world = await startWorld({ faults: [{ at: 'body', does: 'reset' }] });
  using client = await world.greeted();
  await expect(send(client, 'm1')).rejects.toThrow('reset');
  expect((await world.analysis()).accepted).toBe(0);
});

async function outcomeOfConnecting(world: World, waitMs: number): Promise<string> {
  const socket = net.connect({ port: world.sims.smtpPort, host: world.address });
  const outcome = await Promise.race([
    new Promise<string>((resolve) => socket.once('connect', () => resolve('connected'))),
    new Promise<string>((resolve) => socket.once('error', (cause: NodeJS.ErrnoException) => resolve(cause.code ?? ''))),
    later(waitMs),
  ]);
  socket.destroy();
  return outcome;
}

test('refuses, goes unreachable, and heals, while running', async () => {
  await using world = await startWorld({});
  using client = await world.greeted();
  await world.provider.setBehaviour({ listening: 'refused' }, 'mx1.sim.test');
  expect(await client.ended()).toBe('closed');
  expect(await outcomeOfConnecting(world, 1000)).toBe('ECONNREFUSED');
  using backup = await world.connected({ address: world.address.replace(/1$/, '2') });
  expect(await backup.reply()).toBe('220 mx2.sim.test ESMTP');
  await world.provider.setBehaviour({ listening: 'unreachable' }, 'mx1.sim.test');
  expect(await outcomeOfConnecting(world, 300)).toBe('nothing');
  await world.provider.setBehaviour({}, 'mx1.sim.test');
  expect(await outcomeOfConnecting(world, 1000)).toBe('connected');
});

test('one listener for all addresses sends each connection to its host', async () => {
  await using world = await startWorld({}, { listenAt: '0.0.0.0' });
  using one = await world.connected();
  using two = await world.connected({ address: world.address.replace(/1$/, '2') });
  expect([await one.reply(), await two.reply()]).toEqual(['220 mx1.sim.test ESMTP', '220 mx2.sim.test ESMTP']);
  const nobody = net.connect({ port: world.sims.smtpPort, host: '127.0.0.1' });
  const outcome = await new Promise((resolve) => {
    nobody.once('error', (cause: NodeJS.ErrnoException) => resolve(cause.code));
    nobody.once('data', () => resolve('greeted'));
  });
  expect(outcome).toBe('ECONNRESET');
});

test('closes down at once, whatever its connections are in the middle of', async () => {
  const world = await startWorld({ replyDelayMs: { mail: 60_000 } });
  using idle = await world.greeted();
  using waiting = await world.greeted();
  waiting.say('MAIL FROM:<a@x>');
  using leaving = await world.greeted();
  leaving.socket.end();
  using lingering = await world.greeted();
  lingering.say('QUIT');
  const startedAt = performance.now();
  await world[Symbol.asyncDispose]();
  await Promise.all([idle, waiting, leaving, lingering].map((client) => client.ended()));
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

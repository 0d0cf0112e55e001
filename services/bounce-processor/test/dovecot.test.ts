import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test as testAnywhere, vi } from 'vitest';

import { dovecotTree, openStateFolder, startDovecot, type DovecotServer } from '@mxflow/infra/servers';
import { selfSignedCertificate } from '@mxflow/provider-sim';

import { MAILS, TOO_LARGE, asServed, bouncesOf } from './mailbox-mails.ts';
import { startProcess, type ServiceProcess } from './service-process.ts';
import { countsOf, insertSentJob, moveClock, openTestWorld, until, type TestWorld } from './world.ts';

// Every life of a process costs a start.
vi.setConfig({ testTimeout: 240_000 });

const test = testAnywhere.skipIf(dovecotTree() === undefined);

const PASSWORD = 'the pass:word';
const WRONG = 'another word';
const BOUNCES = 200;

let world: TestWorld;
let dovecot: DovecotServer;
let trusted: Readonly<Record<string, string>>;
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  world = stack.use(await openTestWorld());
  const folder = stack.use(openStateFolder());
  const tls = selfSignedCertificate(['localhost']);
  dovecot = stack.use(await startDovecot({ folder, password: PASSWORD, tls }));
  const authority = join(folder.path, 'authority.pem');
  writeFileSync(authority, tls.certificate);
  trusted = { NODE_EXTRA_CA_CERTS: authority };
});
afterAll(() => stack.disposeAsync());

type Scheme = keyof DovecotServer['ports'];
type Address = { readonly scheme: Scheme; readonly user: string; readonly password?: string; readonly rest?: string };

function urlOf({ scheme, user, password = PASSWORD, rest = '' }: Address, host = 'localhost'): string {
  const credentials = [user, password].map((each) => encodeURIComponent(each)).join(':');
  return `${scheme}://${credentials}@${host}:${dovecot.ports[scheme]}${rest}`;
}

function settingsFor(...mailboxes: readonly string[]): Record<string, string> {
  return {
    MXFLOW_BOUNCE_MAILBOXES: mailboxes.join(','),
    MXFLOW_BOUNCE_MAILBOX_EVERY: '1s',
    MXFLOW_BOUNCE_MAX_SIZE: String(TOO_LARGE.length - 1),
    MXFLOW_BOUNCE_THREADS: '1',
  };
}

/** What is stored of a user's mailboxes. */
function ofUser(user: string) {
  return { mailboxUid: { contains: `:${user}@` } };
}

function countStored(user: string): Promise<number> {
  return world.database.client.inboundMail.count({ where: ofUser(user) });
}

/** Holds the storing of mails up until it is disposed, once a mail waits for it. */
async function holdStoring(): Promise<AsyncDisposable> {
  const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = world.database.client.$transaction(
    async (transaction) => {
      await transaction.$executeRawUnsafe('LOCK TABLE inbound_mails IN SHARE ROW EXCLUSIVE MODE');
      locked.resolve();
      await released.promise;
    },
    { timeout: 60_000 },
  );
  await Promise.race([locked.promise, holding]);
  const waiting = async (): Promise<boolean> => {
    const rows = await world.database.client.$queryRawUnsafe<object[]>(
      `SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO inbound_mails%'`,
    );
    return rows.length > 0;
  };
  await until(waiting);
  return {
    [Symbol.asyncDispose]: async () => {
      released.resolve();
      await holding;
    },
  };
}

/** What visits that broke off were logged with, the oldest first. */
function failuresOf({ lines }: ServiceProcess, nth = 1) {
  return lines
    .filter((line) => line.msg === 'visit to a mailbox broke off' && line['nth'] === nth)
    .map(({ err, nextInMs }) => ({ message: (err as { message: string }).message, nextInMs: Number(nextInMs) }));
}

async function countedFailures({ lines }: ServiceProcess, protocol: 'pop3' | 'imap'): Promise<number> {
  const ready = lines.find((line) => 'healthUrl' in line);
  const text = await (await fetch(`${String(ready?.['healthUrl'])}/metrics`)).text();
  const counted = new RegExp(
    `^mxflow_inbound_mailbox_failures_total\\{[^}]*protocol="${protocol}"[^}]*\\} (\\d+)`,
    'm',
  );
  return Number(counted.exec(text)?.[1]);
}

test.for([
  ['pop3s', '1 minute'],
  ['imaps', '2 minutes'],
] as const)(
  'a mailbox is emptied by %s, whoever is killed amid that: each mail is stored once, and removed after that',
  async ([scheme, ahead]) => {
    const user = `bounces@${scheme}.example`;
    const mailbox = dovecot.mailbox(user);
    const { jobNumber, ids } = await insertSentJob(world.database, { recipients: BOUNCES });
    const bounces = bouncesOf(ids);
    const [late, first] = [bounces.slice(0, 10), [...bounces.slice(10), ...MAILS]];
    for (const mail of [TOO_LARGE, ...first]) mailbox.deliver(mail);
    const stored = (): Promise<number> => countStored(user);
    const nothingLost = async (): Promise<void> => {
      const left = mailbox.mails();
      expect(left + (await stored())).toBeGreaterThan(first.length);
    };
    const settings = { ...trusted, ...settingsFor(urlOf({ scheme, user })) };
    {
      await using life = startProcess(world, settings);
      await until(async () => (await stored()) >= 50);
      await using _hold = await holdStoring();
      await life.kill();
      await nothingLost();
    }
    // What the dead process was about to read is free again.
    await moveClock(world.database, ahead);
    await using life = startProcess(world, settings);
    await until(async () => (await stored()) >= 150);
    {
      await using _hold = await holdStoring();
      await dovecot.kill();
      await nothingLost();
    }
    await until(() => failuresOf(life).length > 0);
    expect(failuresOf(life)[0]?.message).toMatch(/end of the connection|Connection not available|ECONNRE/);
    await nothingLost();
    await dovecot.restart();
    for (const mail of late) {
      await until(async () => (await stored()) >= 160);
      mailbox.deliver(mail);
    }
    await until(() => mailbox.mails() === 1);
    const { inboundMail, deliveryLog } = world.database.client;
    await until(async () => (await inboundMail.count({ where: { ...ofUser(user), processedAt: null } })) === 0);
    const raws = (await inboundMail.findMany({ where: ofUser(user) })).map(({ raw }) =>
      Buffer.from(raw ?? []).toString('latin1'),
    );
    expect(raws.toSorted()).toEqual([...first, ...late].map((mail) => asServed(mail, scheme)).toSorted());
    expect(await countsOf(world.database, jobNumber)).toEqual({ failed: BOUNCES });
    const failed = { jobId: BigInt(jobNumber), status: 'failed' as const };
    expect(await deliveryLog.count({ where: failed })).toBe(BOUNCES);
  },
);

test('a wrong password, folder or certificate is named, counted and tried ever more seldom, and changes nothing', async () => {
  const refused: readonly (readonly [address: Address, host: string, message: RegExp])[] = [
    [{ scheme: 'pop3s', user: 'a', password: WRONG }, 'localhost', /^expected \+OK, found -ERR \[AUTH\] /],
    [{ scheme: 'imaps', user: 'b', password: WRONG }, 'localhost', /^expected OK, found NO \[AUTHENTICATIONFAILED\] /],
    [{ scheme: 'imap', user: 'c', password: WRONG }, 'localhost', /^expected OK, found NO \[AUTHENTICATIONFAILED\] /],
    [{ scheme: 'imaps', user: 'd', rest: '/Nowhere' }, 'localhost', /^expected OK, found NO .*Nowhere/],
    [{ scheme: 'pop3s', user: 'e' }, '127.0.0.1', /does not match certificate/],
    [{ scheme: 'imaps', user: 'f' }, '127.0.0.1', /does not match certificate/],
  ];
  const untrusted: readonly Address[] = [
    { scheme: 'pop3s', user: 'g' },
    { scheme: 'imaps', user: 'h' },
    { scheme: 'imap', user: 'i' },
  ];
  const users = [...refused.map(([address]) => address), ...untrusted].map(({ user }) => user);
  for (const user of users) dovecot.mailbox(user).deliver(MAILS[0] ?? Buffer.alloc(0));
  const upgraded = dovecot.mailbox('upgraded');
  upgraded.deliver(MAILS[0] ?? Buffer.alloc(0));
  const good = urlOf({ scheme: 'imap', user: 'upgraded' });
  const trusting = settingsFor(good, ...refused.map(([address, host]) => urlOf(address, host)));
  await using one = startProcess(world, { ...trusted, ...trusting });
  await using other = startProcess(world, settingsFor(...untrusted.map((address) => urlOf(address))));
  const failures = () => [
    ...refused.map((_, at) => failuresOf(one, at + 2)),
    ...untrusted.map((_, at) => failuresOf(other, at + 1)),
  ];
  await until(() => failures().every(({ length }) => length >= 2));
  const messages = [...refused.map(([, , message]) => message), ...untrusted.map(() => /^self-signed certificate/)];
  for (const [at, [first, second]] of failures().entries()) {
    expect([first?.message, second?.message]).toEqual([first?.message, first?.message]);
    expect(first?.message).toMatch(messages[at] ?? /never/);
    expect(first?.nextInMs).toBeLessThanOrEqual(1250);
    expect(second?.nextInMs).toBeGreaterThanOrEqual(1500);
  }
  for (const [service, protocol, least] of [
    [one, 'pop3', 4],
    [one, 'imap', 8],
    [other, 'pop3', 2],
    [other, 'imap', 4],
  ] as const) {
    expect(await countedFailures(service, protocol)).toBeGreaterThanOrEqual(least);
  }
  await until(() => upgraded.mails() === 0);
  expect(dovecot.log()).toMatch(/Login: user=<upgraded>.* TLS/);
  expect(users.map((user) => dovecot.mailbox(user).mails())).toEqual(users.map(() => 1));
  for (const user of users) expect(await countStored(user)).toBe(0);
  const told = JSON.stringify([...one.lines, ...other.lines]);
  for (const secret of [PASSWORD, WRONG]) expect(told).not.toContain(secret);
});

test('a mail that cannot be removed is told, and stored no second time', async () => {
  const user = 'fixed';
  const mailbox = dovecot.mailbox(user);
  for (const mail of MAILS.slice(0, 3)) mailbox.deliver(mail);
  mailbox.setWritable(false);
  const settings = { ...trusted, ...settingsFor(urlOf({ scheme: 'imaps', user })) };
  await using service = startProcess(world, settings);
  await until(() => failuresOf(service).length >= 2);
  expect(failuresOf(service)[0]?.message).toMatch(/flags the mailbox does not accept/);
  expect([mailbox.mails(), await countStored(user)]).toEqual([3, 1]);
  mailbox.setWritable(true);
  await until(() => mailbox.mails() === 0);
  expect(await countStored(user)).toBe(3);
});

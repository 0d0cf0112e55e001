import { expect, test } from 'vitest';

import type { Campaign } from '../demo/campaign.ts';
import { putClockForward } from './clock.ts';
import { provider } from './providers.ts';
import { until } from './until.ts';
import { startWorld, type World } from './world.ts';

const QUOTA = { code: 552, lines: ['5.2.2 User quota exceeded'] };
const UNKNOWN = { code: 550, lines: ['5.1.1 ... User is unknown {mx003}'] };
const INACTIVE = {
  code: 550,
  lines: ['5.7.1 : Recipient address rejected: Inactive MailBox, not poped for more than 6 months'],
};
const BLOCKED = { code: 550, lines: ['5.7.1 Your message was refused: poor reputation of the sending IP'] };
const THROTTLED = {
  code: 421,
  lines: ['4.16.55 [TS01] Messages from 192.0.2.1 temporarily deferred due to excessive user complaints'],
};

const boxes = provider('boxes', '127.46.0.1', {
  recipients: [
    { who: { local: 'full' }, does: { kind: 'refuse', reply: QUOTA } },
    { who: { local: 'full-later' }, does: { kind: 'bounce-later', reply: QUOTA, delayMs: 200 } },
    { who: { local: 'dead' }, does: { kind: 'refuse', reply: UNKNOWN } },
    { who: { local: 'asleep' }, does: { kind: 'refuse', reply: INACTIVE } },
    { who: { local: 'refused' }, does: { kind: 'refuse', reply: BLOCKED } },
  ],
});
const slow = provider('slow', '127.46.0.2', {
  recipients: [{ who: 'everyone', does: { kind: 'defer', reply: THROTTLED, times: 1000 } }],
});
const ADDRESSES = [
  ...['full', 'full-later', 'dead', 'asleep', 'refused'].map((name) => `${name}@boxes.test`),
  'throttled@slow.test',
  'lost@ourdan.test',
] as const;

test(
  'the life of an address: three times full, quarantined, ignored, after 30 days mailed again; others by their own rules',
  { timeout: 420_000 },
  async () => {
    await using world = await startWorld({ providers: [boxes, slow], workers: 1 });
    for (const day of DAYS) {
      await setClock(world, { day });
      const campaign = await world.post(ADDRESSES);
      const told = await untilTold(world, campaign, day);
      if (day === 0) {
        expect(told['dead@boxes.test']).toBe('failed user-unknown hard');
        expect(told['full@boxes.test']).toBe('failed mailbox-full soft');
        expect(told['asleep@boxes.test']).toBe('failed inactive-user soft');
        expect(told['throttled@slow.test']).toBe('deferred unreachable soft');
        expect(told['lost@ourdan.test']).toBe('deferred invalid-domain soft');
        expect(await standingOf(world, 'dead@boxes.test')).toMatchObject({ status: 'quarantined', errors: 1 });
      }
      if (day < 3) {
        // The report of a message that was taken comes by mail.
        await untilStatus(world, campaign, 'full-later@boxes.test', 'failed');
        expect(await standingOf(world, 'full@boxes.test')).toMatchObject({ errors: day + 1 });
        expect(await standingOf(world, 'full-later@boxes.test')).toMatchObject({ errors: day + 1 });
      } else {
        for (const name of ['dead', 'full', 'full-later', 'asleep']) {
          expect([day, name, told[`${name}@boxes.test`]]).toEqual([day, name, 'ignored quarantined null']);
        }
        expect(told['lost@ourdan.test']).toBe('ignored quarantined null');
      }
      expect(told['refused@boxes.test']).toBe('failed refused soft');
    }
    expect(await standingOf(world, 'full@boxes.test')).toMatchObject({ status: 'quarantined', errors: 3 });
    expect(await standingOf(world, 'full-later@boxes.test')).toMatchObject({ status: 'quarantined', errors: 3 });
    expect(await standingOf(world, 'refused@boxes.test')).toBeUndefined();
    expect(await standingOf(world, 'throttled@slow.test')).toBeUndefined();
    expect(await lastReply(world, 'full-later@boxes.test')).toMatch(
      /^Inbound email bounce \(rule '[^']+' has matched this bounce\)$/,
    );
    expect(await lastReply(world, 'lost@ourdan.test')).toBe("DNS query failed for 'ourdan.test'");
    expect(await explain(world, 'dead@boxes.test')).toMatch(/"rule":"[^"]+".*User is unknown \{mx003\}/s);

    await setClock(world, { day: 33 });
    const again = await untilTold(world, await world.post(ADDRESSES), 33);
    expect(again['full@boxes.test']).toBe('failed mailbox-full soft');
    expect(again['full-later@boxes.test']).toMatch(/^(sent|failed)/);
    for (const address of ['dead@boxes.test', 'asleep@boxes.test', 'lost@ourdan.test']) {
      expect(again[address]).toBe('ignored quarantined null');
    }
    expect(await standingOf(world, 'full@boxes.test')).toMatchObject({ status: 'with-errors', errors: 1 });
  },
);

/** Beyond every count of errors that could quarantine what must never be, and up to shortly before the release. */
const DAYS = Array.from({ length: 20 }, (_none, day) => day);

const DAY_SECONDS = 86_400;
/** What a day is longer by, for the rests of sites and paths that are skipped in it. */
const MOST_RESTS_SECONDS = 3600;

async function setClock(world: World, { day, seconds = 0 }: { day: number; seconds?: number }): Promise<void> {
  await putClockForward(world, day * (DAY_SECONDS + MOST_RESTS_SECONDS) + seconds);
}

type Told = Readonly<Record<string, string>>;

const REST_SECONDS = 20;
const ASKS_BETWEEN = 10;

/**
 * Waits until the log tells something of every message of a job: status, reason and type of the first line of each. A
 * provider that throttles makes its path rest: such rests are skipped.
 */
async function untilTold(world: World, campaign: Campaign, day: number): Promise<Told> {
  let asked = 0;
  return await until(
    'every message of the day told of',
    async (): Promise<Told> => {
      asked += 1;
      const rests = Math.floor(asked / ASKS_BETWEEN);
      if (asked % ASKS_BETWEEN === 0) await setClock(world, { day, seconds: rests * REST_SECONDS });
      const rows = await world.query<{ address: string; told: string }>(
        `SELECT DISTINCT ON (l.message_id) l.address,
           l.status || ' ' || coalesce(l.failure_reason, 'null') || ' ' || coalesce(l.failure_type, 'null') AS told
         FROM delivery_log l JOIN jobs j ON j.id = l.job_id WHERE j.public_id = $1 ORDER BY l.message_id, l.id`,
        [campaign.id],
      );
      return Object.fromEntries(rows.map(({ address, told }) => [address, told]));
    },
    { is: (told) => Object.keys(told).length === ADDRESSES.length, withinMs: 60_000 },
  );
}

async function untilStatus(world: World, campaign: Campaign, address: string, status: string): Promise<void> {
  await until(
    `${address} ${status}`,
    async () =>
      (
        await world.query<{ status: string }>(
          `SELECT l.status::text AS status FROM delivery_log l JOIN jobs j ON j.id = l.job_id
           WHERE j.public_id = $1 AND l.address = $2 ORDER BY l.id DESC LIMIT 1`,
          [campaign.id, address],
        )
      )[0]?.status,
    { is: (found) => found === status, withinMs: 30_000 },
  );
}

async function standingOf(world: World, address: string): Promise<object | undefined> {
  const [row] = await world.query<object>(
    `SELECT status::text AS status, error_count AS errors, reason FROM quarantine WHERE address = $1`,
    [address],
  );
  return row;
}

async function lastReply(world: World, address: string): Promise<string | undefined> {
  const [row] = await world.query<{ reply: string }>(
    `SELECT reply FROM delivery_log WHERE address = $1 AND reply IS NOT NULL ORDER BY id DESC LIMIT 1`,
    [address],
  );
  return row?.reply;
}

/** What the API tells an operator of an address. */
async function explain({ stack }: World, address: string): Promise<string> {
  const answer = await fetch(`${stack.api}/v1/quarantine/addresses/${encodeURIComponent(address)}`, {
    headers: { authorization: `Bearer ${stack.apiKey}` },
  });
  expect(answer.status).toBe(200);
  return await answer.text();
}

import { setTimeout as wait } from 'node:timers/promises';

import type { RuleSetContent, SyncRunView, SyncStatus } from '@mxflow/contracts';
import { expect, test } from 'vitest';

import { aboveIn, nowMs, violationsOf, type Limits } from './limits.ts';
import { provider, recipientsAt } from './providers.ts';
import { until, untilAccepted } from './until.ts';
import { startWorld, type World } from './world.ts';

const WIDE: Limits = { maxConnections: 12, maxMessagesPerConnection: 20, messagesPerHour: 180_000 };
const NARROW: Limits = { maxConnections: 4, maxMessagesPerConnection: 10, messagesPerHour: 90_000 };
const NARROWER: Limits = { ...NARROW, maxConnections: 2 };
const MESSAGES = 12_000;
/** Within so long of a rule set in force every worker goes by it. */
const FOLLOWED_WITHIN_MS = 5000;
const WATCHED_MS = 4000;

test(
  'a rule set is published while mail flows: every worker goes by it, over restarts, a rollback and Custom',
  { timeout: 240_000 },
  async () => {
    const specs = [provider('strict', '127.43.0.1', { replyDelayMs: 30 })];
    await using world = await startWorld({ providers: specs, workers: 2, ruleSets: true });
    await until('the first rule set in force', () => status(world), {
      is: ({ inForce }) => inForce.mxRules === 1,
      withinMs: 30_000,
    });
    await publish(world, 2, WIDE);
    expect(await sync(world)).toMatchObject({ outcome: 'applied', versionBefore: 1, versionAfter: 2 });
    await world.post(recipientsAt(specs, MESSAGES));
    await untilAccepted(world, 300);

    // The hub and the sync are killed in the middle, and started again by whoever watches over them.
    await publish(world, 3, NARROW);
    const { deliverabilityHub: hub, deliverabilitySync: puller } = ruleSetsOf(world);
    await Promise.all([hub.kill(), puller.kill()]);
    await Promise.all([hub.restart(), puller.restart()]);
    await forgetLostRun(world);
    expect(await sync(world)).toMatchObject({ outcome: 'applied', versionBefore: 2, versionAfter: 3 });
    await wait(FOLLOWED_WITHIN_MS);
    const from = nowMs();
    await wait(WATCHED_MS);
    await untilAccepted(world, world.accepted() + 50);
    const to = nowMs();

    expect(await call(world, 'PUT', '/v1/sync/pin', {})).toMatchObject({ version: 2 });
    expect(await connectionsOf(world)).toBe(WIDE.maxConnections);
    await untilAccepted(world, world.accepted() + 100);

    // At Custom nobody even asks.
    await call(world, 'PUT', '/v1/level', { level: 'custom' });
    await publish(world, 4, NARROWER);
    expect(await sync(world)).toMatchObject({ outcome: 'kept-back', because: 'custom' });
    expect(await status(world)).toMatchObject({ mode: 'custom', newest: 3, inForce: { mxRules: 2 } });
    const left = await call(world, 'PUT', '/v1/level', { level: 'boost' });
    expect(left).toMatchObject({ level: 'boost' });
    await call(world, 'DELETE', '/v1/sync/pin');
    await until('version 4 in force', () => status(world), {
      is: ({ inForce }) => inForce.mxRules === 4,
      withinMs: 20_000,
    });
    expect(await connectionsOf(world)).toBe(NARROWER.maxConnections);

    // Whatever changed in between, nothing was ever above the widest rule, nor was a budget fresh.
    expect(await violationsOf(world, WIDE)).toEqual([]);
    expect(await aboveIn(world, NARROW, { kind: 'path', from, to })).toEqual([]);
    expect(world.accepted()).toBeLessThan(MESSAGES);
  },
);

function ruleSetsOf({ stack }: World): NonNullable<World['stack']['ruleSets']> {
  if (stack.ruleSets === undefined) throw new Error('expected a deliverability instance, found none');
  return stack.ruleSets;
}

/** Calls the API. */
async function call<Answer>(world: World, method: string, path: string, body?: unknown): Promise<Answer> {
  return await ask<Answer>({ method, url: `${world.stack.api}${path}`, key: world.stack.apiKey, body });
}

type Question = {
  readonly method: string;
  readonly url: string;
  readonly key: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

async function ask<Answer>({ method, url, key, body, headers = {} }: Question): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return JSON.parse(text) as Answer;
}

const status = (world: World): Promise<SyncStatus> => call(world, 'GET', '/v1/sync');

/** Asks for a sync and waits for its end. */
async function sync(world: World): Promise<SyncRunView> {
  const { id } = await call<SyncRunView>(world, 'POST', '/v1/sync/runs', {});
  return await until('the sync to end', () => call<SyncRunView>(world, 'GET', `/v1/sync/runs/${id}`), {
    is: ({ outcome }) => outcome !== undefined,
    withinMs: 30_000,
  });
}

/** Nobody waits here until a run whose process was killed counts as lost. */
async function forgetLostRun(world: World): Promise<void> {
  await world.query(`UPDATE sync_state SET run_until = mxflow_now() WHERE run_id IS NOT NULL`);
}

/** Publishes a rule set of two rules as the version named, as its editor does. */
async function publish(world: World, version: number, limits: Limits): Promise<void> {
  const { hub, hubKey: key } = ruleSetsOf(world);
  const { revision } = await ask<{ revision: number }>({ method: 'GET', url: `${hub}/v1/draft`, key });
  const presets = { slow: limits, normal: limits, fast: limits, 'very-fast': limits, boost: limits };
  const body: RuleSetContent = {
    mxRules: [
      { id: 'strict', mask: '*.strict.test', limits: presets },
      { id: 'any', mask: '*', limits: presets },
    ],
    bounceRules: [],
    feedbackRules: [],
    domainRules: [],
    policies: [],
  };
  const headers = { 'if-match': `"${revision}"` };
  await ask({ method: 'PUT', url: `${hub}/v1/draft`, key, body, headers });
  const note = `at most ${limits.maxConnections} connections (${version})`;
  expect(await ask({ method: 'POST', url: `${hub}/v1/draft/publish`, key, body: { note } })).toMatchObject({ version });
}

async function connectionsOf(world: World): Promise<number | undefined> {
  const rule = await call<{ limits: Record<string, Limits> }>(world, 'GET', '/v1/rules/strict');
  return rule.limits['normal']?.maxConnections;
}

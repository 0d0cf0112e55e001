import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { migrate, openDatabase, replaceRules, type Database } from '@mxflow/db';
import { LEVELS, siteKey, type Limits, type MessageId, type MxRule } from '@mxflow/domain';
import { bareEnvironment, createWorld } from '@mxflow/infra/testing';
import { connectMessaging, type Messaging } from '@mxflow/messaging';
import { startProviders, type Providers, type ProviderSpec } from '@mxflow/provider-sim';
import { createResolver, type Resolver } from '@mxflow/resolver';

import { makeWork } from './make-work.ts';

/** A lane with one worker process on it, and simulated providers behind. */
export type LaneWorld = AsyncDisposable & {
  readonly database: Database;
  readonly messaging: Messaging;
  readonly sims: Providers;
  readonly refereeFile: string;
  /** Makes a job with these recipients and releases all of them into the lane. */
  post(addresses: readonly string[], options?: { readonly mode?: 'live' | 'verify' | 'simulate' }): Promise<string>;
  /** Outcomes as they come to the recorder's queue, until there are so many. */
  outcomes(count: number): Promise<readonly OutcomeSeen[]>;
  /** SIGTERM; resolves with the exit code. */
  stopWorker(): Promise<number | null>;
};

export type OutcomeSeen = {
  readonly key: string;
  readonly body: { readonly messageId: string; readonly attempt: number; readonly [field: string]: unknown };
};

export type LaneOptions = {
  /** Of the worker. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of the last rule, the only one. */
  readonly limits?: Limits;
};

const AMPLE: Limits = { maxConnections: 10, maxMessagesPerConnection: 100, messagesPerHour: 10_000_000 };

/** The last rule with the same limits at every level. */
export function anyRule(limits: Limits): MxRule {
  return {
    id: 'any',
    mask: '*',
    publicIds: '',
    shared: false,
    limits: Object.fromEntries(LEVELS.map((level) => [level, limits])),
    connectTimeoutSeconds: 2,
    dataTimeoutSeconds: 240,
    timeoutSeconds: 60,
    tls: 'default',
    origin: 'local',
  };
}

export async function openLane(
  specs: readonly ProviderSpec[],
  { settings = {}, limits = AMPLE }: LaneOptions = {},
): Promise<LaneWorld> {
  await using made = new AsyncDisposableStack();
  const world = made.use(
    await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) }),
  );
  const folder = mkdtempSync(join(tmpdir(), 'mxflow-lane-'));
  made.defer(() => rmSync(folder, { recursive: true, force: true }));
  const refereeFile = join(folder, 'referee.ndjson');
  const sims = made.use(await startProviders({ specs, seed: 1, refereeFile }));
  const database = made.use(openDatabase(world.databaseUrl));
  const messaging = made.use(await connectMessaging({ url: world.amqpUrl, name: 'test' }));
  const resolver = createResolver({ servers: [sims.dnsAddress] });
  await replaceRules(database, [anyRule(limits)]);
  const seen = await collectOutcomes(messaging, made);
  const stopWorker = startWorkerProcess(made, {
    DATABASE_URL: world.databaseUrl,
    AMQP_URL: world.amqpUrl,
    MXFLOW_SECRET: 'x'.repeat(32),
    MXFLOW_DNS: sims.dnsAddress,
    MXFLOW_SMTP_PORT: String(sims.smtpPort),
    MXFLOW_PRIVATE_MX: sims.privateMx.join(','),
    MXFLOW_IDLE_CONNECTION: '100ms',
    ...settings,
  });
  const held = made.move();
  return {
    database,
    messaging,
    sims,
    refereeFile,
    post: (addresses, { mode = 'live' } = {}) => post({ database, messaging, resolver }, addresses, mode),
    outcomes: seen,
    stopWorker,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function startWorkerProcess(
  made: AsyncDisposableStack,
  env: Readonly<Record<string, string>>,
): () => Promise<number | null> {
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main], {
    env: { ...bareEnvironment(), ...env, MXFLOW_STOP_WITH_STDIN: '1', MXFLOW_LOG_LEVEL: 'warn' },
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    return (await exit)[0];
  };
  made.defer(async () => void (await stop()));
  return stop;
}

async function collectOutcomes(messaging: Messaging, made: AsyncDisposableStack) {
  const seen: OutcomeSeen[] = [];
  let changed = Promise.withResolvers<void>();
  made.use(
    await messaging.consume({
      queue: 'outcomes',
      prefetch: 100,
      handler: async ({ key, body }) => {
        seen.push({ key, body });
        changed.resolve();
        changed = Promise.withResolvers();
        return { kind: 'done' };
      },
    }),
  );
  return async (count: number): Promise<readonly OutcomeSeen[]> => {
    while (seen.length < count) await changed.promise;
    return seen;
  };
}

type Parts = { readonly database: Database; readonly messaging: Messaging; readonly resolver: Resolver };

async function post(
  { database, messaging, resolver }: Parts,
  addresses: readonly string[],
  mode: 'live' | 'verify' | 'simulate',
): Promise<string> {
  const work = await makeWork(database, addresses, {
    mode,
    siteKeyOf: async (domain) => siteKey(domain, await resolver.mx(domain)),
  });
  const queue = await messaging.declareLane(work.laneId);
  const released = await work.release();
  await messaging.publishMany(
    released.map(({ messageId, attempt, jobNumber, siteId, domain }) => ({
      key: 'delivery.requested.v1' as const,
      body: { messageId, attempt, jobNumber, siteId, domain },
      queue,
    })),
  );
  return work.jobNumber;
}

/** The ordinal part is all a test needs to tell messages apart. */
export function ordinalsOf(outcomes: readonly OutcomeSeen[]): readonly number[] {
  return outcomes.map(({ body }) => Number(BigInt(body.messageId as MessageId) & ((1n << 27n) - 1n)));
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { JobDefinition } from '@mxflow/contracts';
import { startProviders, type Providers, type ProviderSpec, type StartOptions } from '@mxflow/provider-sim';
import { Pool } from 'pg';

import { followCampaign, openCampaign, type Campaign } from '../demo/campaign.ts';
import type { Servers } from '../servers/index.ts';
import { migrateDatabase, startStack, type RuleInBrief, type Stack } from '../stack/index.ts';
import { createWorld } from '../testing/index.ts';

export type WorldOptions = {
  readonly providers: readonly ProviderSpec[];
  /** mta-workers at the start. */
  readonly workers: number;
  /** MX rules; ample ones where left out. */
  readonly rules?: readonly RuleInBrief[];
  /** With a deliverability instance and its rules, in place of those. */
  readonly ruleSets?: boolean;
  /** Of every service, over those that make stories short. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Hears of every message that a provider takes; `keep` says how much of its content. */
  readonly onMessage?: StartOptions['onMessage'];
  readonly keep?: StartOptions['keep'];
  /** Another way to the shared Postgres for the services; the story itself asks it directly. */
  readonly databaseThrough?: (databaseUrl: string) => Promise<string>;
  /** RabbitMQ and Postgres: those of the test run, or a pair of its own for a story that does them harm. */
  readonly servers?: 'shared' | 'own';
};

/**
 * All of mxflow as processes between an upstream that posts and simulated providers that record what they see, and mail
 * their bounces and complaints back.
 */
export type World = AsyncDisposable & {
  readonly sims: Providers;
  readonly stack: Stack;
  readonly refereeFile: string;
  /** Posts a job to these addresses. */
  post(addresses: readonly string[], overrides?: Partial<JobDefinition>): Promise<Campaign>;
  /** A job that was posted by other means. */
  follow(id: string): Campaign;
  /** Forward-paths accepted by all providers so far. */
  accepted(): number;
  /** Asks the database. */
  query<Row>(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
};

/** A world whose RabbitMQ and Postgres may be harmed. */
export type FragileWorld = World & { readonly servers: Servers };

/** The schema and the rules that come with it are made once a run, then copied; rooms copy the schema alone. */
const MIGRATED = { templateKey: 'mxflow deployed', prepare: migrateDatabase };

/** Small content, and tried again within seconds. */
const JOB: JobDefinition = {
  from: { address: 'news@sender.test' },
  subject: 'Hello {{ address }}',
  text: 'Seven trips leave in spring.\n',
  retry: { delaysSeconds: [1, 1, 2], thenEverySeconds: 2, greylistSeconds: 1 },
  validFor: 3600,
};

/** What takes minutes in production takes seconds here. */
const SETTINGS = {
  MXFLOW_RELEASE_AGAIN_AFTER: '3s',
  MXFLOW_ANNOUNCE_AGAIN_AFTER: '3s',
  MXFLOW_REPORT_AGAIN_AFTER: '3s',
  MXFLOW_LANE_LEASE: '2s',
  MXFLOW_STOP_DEADLINE: '10s',
} as const;

/** For stories in which workers die: short, and yet longer than a busy machine keeps a living one waiting. */
export const SHORT_LIFE = { MXFLOW_WORKER_LIFE: '4s' } as const;

export async function startWorld(options: WorldOptions & { readonly servers: 'own' }): Promise<FragileWorld>;
export async function startWorld(options: WorldOptions): Promise<World>;
export async function startWorld(options: WorldOptions): Promise<World & { readonly servers: Servers | undefined }> {
  await using started = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'mxflow-story-'));
  started.defer(() => rmSync(folder, { recursive: true, force: true }));
  const refereeFile = join(folder, 'referee.ndjson');
  const { providers: specs, onMessage, keep } = options;
  const sims = started.use(
    await startProviders({
      specs,
      seed: 1,
      refereeFile,
      ...(onMessage === undefined ? {} : { onMessage }),
      ...(keep === undefined ? {} : { keep }),
    }),
  );
  const on = options.servers === 'own' ? undefined : started.use(await createWorld(MIGRATED));
  const through = on === undefined ? undefined : await options.databaseThrough?.(on.databaseUrl);
  const stack = started.use(
    await startStack({
      workers: options.workers,
      durability: 'process-death',
      ...(options.ruleSets === true ? { ruleSets: true } : { rules: options.rules ?? [{}] }),
      settings: {
        MXFLOW_DNS: sims.dnsAddress,
        MXFLOW_SMTP_PORT: String(sims.smtpPort),
        MXFLOW_PRIVATE_MX: sims.privateMx.join(','),
        ...SETTINGS,
        ...options.settings,
      },
      ...(on === undefined ? {} : { on: { ...on, databaseUrl: through ?? on.databaseUrl } }),
    }),
  );
  const [host = '', port] = stack.bounceSmtp.split(':');
  sims.mailReportsTo({ host, port: Number(port) });
  const pool = new Pool({ connectionString: on?.databaseUrl ?? stack.databaseUrl, max: 2 });
  // A session that breaks while idle is replaced; statements report their own errors.
  pool.on('error', () => {});
  started.defer(() => pool.end());
  const held = started.move();
  return {
    sims,
    stack,
    servers: stack.servers,
    refereeFile,
    post: (addresses, overrides = {}) =>
      openCampaign(
        stack,
        { ...JOB, ...overrides },
        addresses.map((address) => ({ address, variables: { address } })),
      ),
    follow: (id) => followCampaign(stack, id),
    accepted: () => sims.providers.values().reduce((sum, { stats }) => sum + stats.accepted, 0),
    query: async <Row>(sql: string, values: readonly unknown[] = []) =>
      (await pool.query(sql, [...values])).rows as readonly Row[],
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

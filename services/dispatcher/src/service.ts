import { randomUUID } from 'node:crypto';

import { openDatabase, type Database } from '@mxflow/db';
import { connectMessaging, type Messaging } from '@mxflow/messaging';
import { requireServers, keepHeapLean, type ProcessContext } from '@mxflow/process';
import { createResolver } from '@mxflow/resolver';

import type { DispatcherConfig } from './config.ts';
import { createEvents, type DispatcherEvents } from './events.ts';
import { createLaneTerms, type LaneTerms } from './feed/feed-terms.ts';
import { createLaneFeed } from './feed/lane-feed.ts';
import { createLaneFeeders } from './feed/lane-feeders.ts';
import { createDomainSites, type DomainSites } from './prepare/domain-sites.ts';
import { createPreparer } from './prepare/prepare-chunk.ts';
import { createRequeuer } from './requeue-redelivered.ts';
import { startScopeGauges } from './scope-gauges.ts';
import { startSiteGauges } from './site-gauges.ts';
import { startQuarantineSweeps } from './sweeps/quarantine-sweeps.ts';
import { startSweeps } from './sweeps/sweeps.ts';

/** Connections besides those of chunks being prepared: feeding, leases, sweeps. */
const OTHER_CONNECTIONS = 6;
/** Domains are remembered in Postgres: the resolver's own memory only joins questions of the same moment. */
const DNS_CACHE_SECONDS = 1;
const REDELIVERED_BATCH = 500;
const REDELIVERED_WAIT_MS = 100;

/** Starts a dispatcher: chunks → work → lanes, and the sweeps. */
export async function startDispatcher(config: DispatcherConfig, context: ProcessContext): Promise<AsyncDisposable> {
  keepHeapLean();
  await using resources = new AsyncDisposableStack();
  const { logger } = context;
  const events = createEvents(context.meter, logger);
  const poolSize = config.MXFLOW_PREPARE_CONCURRENCY + OTHER_CONNECTIONS;
  const database = resources.use(openDatabase(config.DATABASE_URL, { poolSize, name: 'dispatcher' }));
  const messaging = resources.use(
    await connectMessaging({
      url: config.AMQP_URL,
      name: 'dispatcher',
      logger,
      deliverTwice: config.MXFLOW_TEST_DELIVER_TWICE,
    }),
  );
  const resolver = createResolver({
    ...(config.MXFLOW_DNS.length === 0 ? {} : { servers: [...config.MXFLOW_DNS] }),
    cacheSeconds: DNS_CACHE_SECONDS,
    negativeCacheSeconds: DNS_CACHE_SECONDS,
  });
  const domains = createDomainSites({
    database,
    resolveMx: (domain) => resolver.mx(domain),
    concurrency: config.MXFLOW_RESOLVE_CONCURRENCY,
    events,
  });
  resources.use(startScopeGauges(database, context));
  resources.use(startSiteGauges(database, context));
  resources.use(await dispatch({ config, context, database, messaging, domains, events }));
  resources.use(requireServers(context.health, { database, messaging }));
  return resources.move();
}

type Parts = {
  readonly config: DispatcherConfig;
  readonly context: ProcessContext;
  readonly database: Database;
  readonly messaging: Messaging;
  readonly domains: DomainSites;
  readonly events: DispatcherEvents;
};

/** Everything that moves. Disposed of in reverse: consuming ends first, then sweeps, then feeding. */
async function dispatch({ config, context, database, messaging, domains, events }: Parts): Promise<AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const { every } = context;
  const terms = createLaneTerms({ database, messaging, events, longestWindow: config.MXFLOW_LANE_WINDOW });
  const feeders = resources.use(
    createLaneFeeders({
      database,
      messaging,
      events,
      every,
      feeder: randomUUID(),
      leaseMs: config.MXFLOW_LANE_LEASE,
      createFeed: (lane) =>
        createLaneFeed({ database, messaging, events, laneId: lane.laneId, window: () => terms.windowOf(lane) }),
    }),
  );
  const sweeps = resources.use(
    startSweeps({
      database,
      messaging,
      domains,
      events,
      every,
      lanes: () => feeders.lanes(),
      releaseAgainSeconds: config.MXFLOW_RELEASE_AGAIN_AFTER / 1000,
      announceAgainSeconds: config.MXFLOW_ANNOUNCE_AGAIN_AFTER / 1000,
      abandonedSeconds: config.MXFLOW_ABANDONED_AFTER / 1000,
      workerLifeSeconds: config.MXFLOW_WORKER_LIFE / 1000,
      lostHoldSeconds: config.MXFLOW_LOST_WORKER_HOLD / 1000,
    }),
  );
  resources.use(startQuarantineSweeps({ database, events, every }));
  resources.use(followRules(terms, () => feeders.lanes(), every));
  const onWork = (): void => feeders.wake();
  resources.use(
    await messaging.consume({
      queue: 'prepare',
      prefetch: config.MXFLOW_PREPARE_CONCURRENCY,
      handler: createPreparer({ database, domains, decideSites: () => terms.decideSites(), events, onWork }),
    }),
  );
  resources.use(
    await messaging.consumeBatch({
      queue: 'redelivered',
      prefetch: REDELIVERED_BATCH * 2,
      maxBatch: REDELIVERED_BATCH,
      maxWaitMs: REDELIVERED_WAIT_MS,
      handler: createRequeuer(database, onWork),
    }),
  );
  resources.use(
    await messaging.consumeControl(({ body }) => {
      if (body.state === 'cancelled') sweeps.wakeEnding();
      else feeders.wake();
    }),
  );
  return resources.move();
}

const TERMS_EVERY_MS = 1000;
/** Lanes are looked through for misplaced work while there was some; else for what a move of a domain left. */
const TIDY_AGAIN_MS = 50;
const TIDY_EVERY_MS = 5000;

/** Keeps lanes in step with rules and sources. */
function followRules(
  terms: LaneTerms,
  lanes: () => readonly number[],
  every: ProcessContext['every'],
): AsyncDisposable {
  const resources = new AsyncDisposableStack();
  resources.use(
    every(
      TERMS_EVERY_MS,
      async () => {
        await terms.refresh();
        await terms.decideSites();
      },
      { name: 'lane-terms' },
    ),
  );
  resources.use(
    every(TIDY_EVERY_MS, async () => ({ nextInMs: (await terms.tidy(lanes())) ? TIDY_AGAIN_MS : TIDY_EVERY_MS }), {
      name: 'tidy-lanes',
    }),
  );
  return resources;
}

import { hostname } from 'node:os';

import { openDatabase, returnClaims, type Database } from '@mxflow/db';
import { connectMessaging } from '@mxflow/messaging';
import { requireServers, type ProcessContext } from '@mxflow/process';

import type { WorkerConfig } from './config.ts';
import { keepEpoch, type EpochKeeper } from './epoch-keeper.ts';
import { createEvents, type WorkerEvents } from './events.ts';
import { startSending, type Sending } from './sending.ts';
import { bindableSources, readSources } from './sources.ts';

const LANES_EVERY_MS = 1000;
const RECONCILE_EVERY_MS = 2000;
/** A worker that was cut off and has come back goes on with what it holds. */
const PUMP_EVERY_MS = 500;

/** Starts a worker: lanes → claims → SMTP → outcomes. Disposing lets messages in hand end. */
export async function startWorker(config: WorkerConfig, context: ProcessContext): Promise<AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const { logger } = context;
  const events = createEvents(context.meter, logger);
  const sources = bindableSources(readSources(config.MXFLOW_SOURCES));
  const database = resources.use(openDatabase(config.DATABASE_URL, { poolSize: 6, name: 'mta-worker' }));
  const messaging = resources.use(
    await connectMessaging({
      url: config.AMQP_URL,
      name: 'mta-worker',
      logger,
      deliverTwice: config.MXFLOW_TEST_DELIVER_TWICE,
    }),
  );
  let cutOff = new AbortController();
  // Set below: until then there is nothing to forget.
  let sending: Sending | undefined;
  const keeper = resources.use(
    await keepEpoch({
      database,
      databaseUrl: config.DATABASE_URL,
      name: hostname(),
      sources,
      lifeMs: config.MXFLOW_WORKER_LIFE,
      onExpired: () => {
        cutOff.abort();
        cutOff = new AbortController();
      },
      onFenced: (epoch) => {
        logger.warn({ epoch }, 'this worker was taken for dead; it begins anew');
        sending?.paths.forgetClaims();
      },
      context,
    }),
  );
  sending = startSending({ config, database, messaging, sources, keeper, events, logger, cutOff: () => cutOff.signal });
  resources.use(sending);
  resources.use(runPeriodically({ context, database, sending, keeper, events }));
  resources.use(requireServers(context.health, { database, messaging }));
  return resources.move();
}

type Periodic = {
  readonly context: ProcessContext;
  readonly database: Database;
  readonly sending: Sending;
  readonly keeper: EpochKeeper;
  readonly events: WorkerEvents;
};

function runPeriodically({ context, database, sending, keeper, events }: Periodic): AsyncDisposable {
  const tasks = new AsyncDisposableStack();
  tasks.use(context.every(LANES_EVERY_MS, () => sending.lanes.refresh(), { name: 'lanes' }));
  tasks.use(context.every(PUMP_EVERY_MS, async () => sending.paths.pumpAll(), { name: 'pump' }));
  const reconcile = async (): Promise<void> => {
    const { epoch } = keeper;
    const unknown = await sending.desk.reconcile(epoch);
    if (unknown.length === 0) return;
    events.foundUnknownClaims(unknown.length);
    const back = unknown.map((claim) => ({ ...claim, delayMs: 0, reason: 'claim-lost' }));
    await returnClaims(database, epoch, back);
  };
  tasks.use(context.every(RECONCILE_EVERY_MS, reconcile, { name: 'reconcile', waitFirst: true }));
  return tasks;
}

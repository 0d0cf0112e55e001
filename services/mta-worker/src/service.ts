import { hostname } from 'node:os';

import { openDatabase, registerSources, returnClaims, type Database } from '@mxflow/db';
import { createFeedbackDesk } from '@mxflow/feedback';
import { connectMessaging, type Messaging } from '@mxflow/messaging';
import { requireServers, type ProcessContext } from '@mxflow/process';

import type { WorkerConfig } from './config.ts';
import { keepEpoch, type EpochKeeper } from './epoch-keeper.ts';
import { createEvents, type WorkerEvents } from './events.ts';
import { createRuleFollower } from './follow-rules.ts';
import { startSending, type Sending } from './sending.ts';
import { openRuleBook } from './shaping/rule-book.ts';
import { bindableSources, readSources } from './sources.ts';
import { startWatchdog } from './watchdog.ts';

const LANES_EVERY_MS = 1000;
const RECONCILE_EVERY_MS = 2000;
/** A token stays outstanding until Postgres learns of its reply: where the burst is one, the next waits for that. */
const SETTLE_EVERY_MS = 100;
/** A worker that was cut off and has come back goes on with what it holds. */
const PUMP_EVERY_MS = 500;

/** Starts a worker: lanes → claims → SMTP → outcomes. Disposing lets messages in hand end. */
export async function startWorker(config: WorkerConfig, context: ProcessContext): Promise<AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const { logger } = context;
  const events = createEvents(context.meter, logger);
  const sources = bindableSources(readSources(config.MXFLOW_SOURCES));
  const database = resources.use(openDatabase(config.DATABASE_URL, { poolSize: 6, name: 'mta-worker' }));
  const messaging = resources.use(await connectBroker(config, logger));
  await registerSources(database, sources);
  const book = await openRuleBook(database);
  const feedback = createFeedbackDesk({ database, logger, meter: context.meter });
  let cutOff = new AbortController();
  // Set below: until then there is nothing to forget.
  let sending: Sending | undefined;
  const followRules = createRuleFollower({ book, logger, apply: () => applyRules(sending, keeper) });
  const keeper: EpochKeeper = resources.use(
    await keepEpoch({
      database,
      databaseUrl: config.DATABASE_URL,
      name: hostname(),
      sources,
      lifeMs: config.MXFLOW_WORKER_LIFE,
      onExpired: () => {
        cutOff = cutOffNow(cutOff);
        sending?.grants.expire();
      },
      onRenewed: ({ rulesVersion, surplus }) => {
        sending?.grants.endSurplus(surplus);
        // Not waited for: following renews itself.
        void followRules(rulesVersion);
      },
      onNotification: (channel, payload) => {
        void (channel === 'mxflow_rules' ? followRules() : sending?.roomIn(payload));
      },
      onFenced: (epoch) => {
        logger.warn({ epoch }, 'this worker was taken for dead; it begins anew');
        sending?.begin();
      },
      context,
    }),
  );
  sending = startSending({
    config,
    database,
    messaging,
    sources,
    keeper,
    book,
    events,
    logger,
    onStaleRules: () => void followRules(),
    // What a provider says to connections counts for all workers; never throws.
    onReply: ({ point, rule }, reply) => void feedback.note([{ ...point, ruleId: rule.rule.id, reply }]),
    cutOff: () => cutOff.signal,
  });
  resources.use(sending);
  resources.use(runPeriodically({ context, database, sending, keeper, events }));
  if (config.MXFLOW_WATCHDOG > 0) resources.use(startWatchdog(config.MXFLOW_WATCHDOG, logger));
  resources.use(requireServers(context.health, { database, messaging }));
  return resources.move();
}

async function applyRules(sending: Sending | undefined, keeper: EpochKeeper): Promise<void> {
  await sending?.grants.rulesChanged();
  sending?.paths.rulesChanged();
  // What is above the new maximum now ends without waiting for the next round.
  await keeper.renew();
}

function cutOffNow(sessions: AbortController): AbortController {
  sessions.abort();
  return new AbortController();
}

async function connectBroker(config: WorkerConfig, logger: ProcessContext['logger']): Promise<Messaging> {
  const deliverTwice = config.MXFLOW_TEST_DELIVER_TWICE;
  return await connectMessaging({ url: config.AMQP_URL, name: 'mta-worker', logger, deliverTwice });
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
  tasks.use(context.every(SETTLE_EVERY_MS, () => sending.grants.settle(), { name: 'settle-tokens' }));
  const reconcile = async (): Promise<void> => {
    await sending.grants.reconcile();
    const { epoch } = keeper;
    const unknown = await sending.desk.reconcile(epoch);
    if (unknown.length > 0) {
      events.foundUnknownClaims(unknown.length);
      const back = unknown.map((claim) => ({ ...claim, delayMs: 0, reason: 'claim-lost' }));
      await returnClaims(database, epoch, back);
    }
    await sending.desk.reportAgain();
  };
  tasks.use(context.every(RECONCILE_EVERY_MS, reconcile, { name: 'reconcile', waitFirst: true }));
  return tasks;
}

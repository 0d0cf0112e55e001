import { hostname } from 'node:os';
import { returnClaims, openDatabase } from '@mxflow/db';
import { connectMessaging } from '@mxflow/messaging';
import type { ProcessContext } from '@mxflow/process';
import { allowedAddress, createResolver } from '@mxflow/resolver';
import type { Timeouts } from '@mxflow/smtp';
import { createClaimDesk } from './claim-desk.ts';
import type { WorkerConfig } from './config.ts';
import { keepEpoch, type EpochKeeper } from './epoch-keeper.ts';
import { createEvents } from './events.ts';
import { createHostMemory } from './host-memory.ts';
import { readInstance } from './instance.ts';
import { createIntake } from './intake.ts';
import { createJobCache } from './job-cache.ts';
import { createLanes } from './lanes.ts';
import { createOffline } from './offline.ts';
import { createSessionOpener } from './open-session.ts';
import { createOutcomeDesk } from './outcome-desk.ts';
import { createPaths, type Paths } from './paths.ts';
import { createPutBack } from './put-back.ts';
import { createRunConnection } from './run-connection.ts';
import { createSendOne } from './send-one.ts';
import { bindableSources, readSources } from './sources.ts';

const LANES_EVERY_MS = 1000;
const RECONCILE_EVERY_MS = 2000;

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
  // Set just below: they need each other, and nothing runs before all are there.
  let keeper: EpochKeeper | undefined;
  let paths: Paths | undefined;
  const alive = (): boolean => keeper?.alive() ?? false;
  const currentEpoch = (): number => keeper?.epoch ?? 0;

  keeper = resources.use(
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
        paths?.forgetClaims();
      },
      context,
    }),
  );

  const stopping = new AbortController();
  const desk = createOutcomeDesk({ database, messaging });
  const claim = createClaimDesk({ database, desk, currentEpoch });
  const putBack = createPutBack({ database, currentEpoch, logger, signal: stopping.signal });
  const jobs = createJobCache(database, readInstance(config));
  const resolver = createResolver({
    ...(config.MXFLOW_DNS.length === 0 ? {} : { servers: [...config.MXFLOW_DNS] }),
    cacheSeconds: config.MXFLOW_DNS_CACHE / 1000,
  });
  const open = createSessionOpener({
    resolver,
    memory: createHostMemory(() => performance.now()),
    port: config.MXFLOW_SMTP_PORT,
    tlsPolicy: config.MXFLOW_TLS,
    timeouts: timeoutsOf(config),
    allowed: (address) => allowedAddress(address, config.MXFLOW_PRIVATE_MX),
    ownNames: new Set(sources.map(({ heloName }) => heloName.toLowerCase())),
    cutOff: () => cutOff.signal,
    onAttempt: events.connectionTried,
  });
  const sendOne = createSendOne({
    jobs,
    desk,
    putBack,
    putFirst: (path, message) => paths?.putFirst(path, message),
    alive,
    events,
  });
  const runConnection = createRunConnection({
    database,
    resolver,
    open,
    desk,
    sendOne,
    pump: (path) => paths?.pump(path),
    alive,
    logger,
    maxMessagesPerConnection: config.MXFLOW_MESSAGES_PER_CONNECTION,
    idleMs: config.MXFLOW_IDLE_CONNECTION,
  });
  paths = createPaths({
    database,
    desk,
    claim,
    putBack,
    runConnection,
    alive,
    logger,
    maxConnectionsPerPath: config.MXFLOW_SITE_CONNECTIONS,
    maxConnections: config.MXFLOW_MAX_CONNECTIONS,
  });
  const offline = createOffline({ claim, desk, putBack, onFault: events.intakeFailed });
  const intake = createIntake({ database, messaging, resolver, jobs, paths, offline, putBack, events });
  const lanes = createLanes({ database, messaging, sources, prefetch: config.MXFLOW_LANE_PREFETCH, intake });

  resources.defer(() => desk.drained());
  resources.defer(async () => {
    // Together: messages in hand are settled by putting them back, which is what stopping the lanes waits for.
    const stopped = paths;
    await Promise.all([lanes.stop(config.MXFLOW_STOP_DEADLINE), stopped?.stop(), offline.stop()]);
    stopping.abort();
  });
  resources.use(context.every(LANES_EVERY_MS, () => lanes.refresh(), { name: 'lanes' }));
  resources.use(
    context.every(
      RECONCILE_EVERY_MS,
      async () => {
        const unknown = await desk.reconcile(currentEpoch());
        if (unknown.length === 0) return;
        events.foundUnknownClaims(unknown.length);
        await returnClaims(
          database,
          currentEpoch(),
          unknown.map((claimed) => ({ ...claimed, delayMs: 0, reason: 'claim-lost' })),
        );
      },
      { name: 'reconcile', waitFirst: true },
    ),
  );
  resources.use(pumpWhenAlive(paths));
  resources.use(context.health.addReadiness('postgres', () => mustAnswer(database.answers())));
  resources.use(
    context.health.addReadiness('broker', async () => {
      const { publishing, consuming } = messaging.health();
      if (!publishing || !consuming) throw new Error('not connected');
    }),
  );
  return resources.move();
}

/** A worker that was cut off and has come back goes on with what it holds. */
function pumpWhenAlive(paths: Paths): Disposable {
  const timer = setInterval(() => paths.pumpAll(), 500);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function mustAnswer(answers: Promise<boolean>): Promise<void> {
  if (!(await answers)) throw new Error('does not answer');
}

/** The three figures of an MX rule, spread over the steps of a session (RFC 5321 §4.5.3.2). */
function timeoutsOf(config: WorkerConfig): Timeouts {
  const commandMs = config.MXFLOW_COMMAND_TIMEOUT;
  return {
    connectMs: config.MXFLOW_CONNECT_TIMEOUT,
    greetingMs: commandMs,
    ehloMs: commandMs,
    mailMs: commandMs,
    rcptMs: commandMs,
    dataMs: commandMs,
    contentMs: commandMs,
    finalMs: config.MXFLOW_DATA_TIMEOUT,
    quitMs: Math.min(commandMs, 5000),
  };
}

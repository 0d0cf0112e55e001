import type { Database } from '@mxflow/db';
import type { Source } from '@mxflow/domain';
import type { Messaging } from '@mxflow/messaging';
import { allowedAddress, createResolver, type Resolver } from '@mxflow/resolver';
import type { Timeouts } from '@mxflow/smtp';
import type { Logger } from '@mxflow/telemetry';

import { createClaimDesk } from './claim-desk.ts';
import type { WorkerConfig } from './config.ts';
import type { EpochKeeper } from './epoch-keeper.ts';
import type { WorkerEvents } from './events.ts';
import { createHostMemory } from './host-memory.ts';
import { readInstance } from './instance.ts';
import { Intake } from './intake.ts';
import { createJobCache, type JobCache } from './job-cache.ts';
import { createLanes, type Lanes } from './lanes.ts';
import { createOffline } from './offline.ts';
import { createSessionOpener, type SessionOpener } from './open-session.ts';
import { OutcomeDesk } from './outcome-desk.ts';
import type { Path } from './path.ts';
import { Paths, type RunConnection } from './paths.ts';
import { createPutBack, type PutBack } from './put-back.ts';
import { createRunConnection } from './run-connection.ts';
import { createSendOne } from './send-one.ts';

/** Everything between the lanes and the outcomes. Disposing stops consuming, lets messages in hand end, and drains. */
export type Sending = AsyncDisposable & {
  readonly paths: Paths;
  readonly desk: OutcomeDesk;
  readonly lanes: Lanes;
};

export type SendingOptions = {
  readonly config: WorkerConfig;
  readonly database: Database;
  readonly messaging: Messaging;
  readonly sources: readonly Source[];
  readonly keeper: EpochKeeper;
  readonly events: WorkerEvents;
  readonly logger: Logger;
  /** Aborted when nothing may be sent any more: every session is cut off. */
  readonly cutOff: () => AbortSignal;
};

export function startSending(options: SendingOptions): Sending {
  const { config, database, messaging, sources, keeper, events, logger } = options;
  const stopped = new AbortController();
  const currentEpoch = (): number => keeper.epoch;
  const desk = new OutcomeDesk({ database, messaging, reportAgainMs: config.MXFLOW_REPORT_AGAIN_AFTER });
  const claim = createClaimDesk({ database, desk, currentEpoch });
  const putBack = createPutBack({ database, currentEpoch, logger, signal: stopped.signal });
  const jobs = createJobCache(database, readInstance(config));
  const resolver = createResolver({
    ...(config.MXFLOW_DNS.length === 0 ? {} : { servers: [...config.MXFLOW_DNS] }),
    cacheSeconds: config.MXFLOW_DNS_CACHE / 1000,
  });
  const paths: Paths = new Paths({
    database,
    desk,
    claim,
    putBack,
    runConnection: connectionRunner(options, { desk, putBack, jobs, resolver, paths: () => paths }),
    alive: () => keeper.alive(),
    logger,
    maxConnectionsPerPath: config.MXFLOW_SITE_CONNECTIONS,
    maxConnections: config.MXFLOW_MAX_CONNECTIONS,
  });
  const onFault = (error: unknown): void => events.intakeFailed(error);
  const offline = createOffline({ claim, desk, putBack, onFault });
  const intake = new Intake({ database, messaging, resolver, jobs, paths, offline, putBack, events });
  const lanes = createLanes({
    database,
    messaging,
    sources,
    prefetch: config.MXFLOW_LANE_PREFETCH,
    intake: (usable) => (message) => intake.handle(message, usable),
  });
  return {
    paths,
    desk,
    lanes,
    [Symbol.asyncDispose]: async () => {
      // Together: messages in hand are settled by putting them back, which is what stopping the lanes waits for.
      await Promise.all([lanes.stop(config.MXFLOW_STOP_DEADLINE), paths.stop(), offline.stop()]);
      stopped.abort();
      await desk.drained();
    },
  };
}

type Parts = {
  readonly desk: OutcomeDesk;
  readonly putBack: PutBack;
  readonly jobs: JobCache;
  readonly resolver: Resolver;
  /** Connections and paths need each other: the paths are there before the first connection is. */
  readonly paths: () => Paths;
};

function connectionRunner(options: SendingOptions, { desk, putBack, jobs, resolver, paths }: Parts): RunConnection {
  const { config, database, keeper, events, logger } = options;
  const alive = (): boolean => keeper.alive();
  const sendOne = createSendOne({
    jobs,
    desk,
    putBack,
    putFirst: (path, message) => paths().putFirst(path, message),
    alive,
    events,
  });
  return createRunConnection({
    database,
    resolver,
    open: sessionOpener(options, resolver),
    desk,
    sendOne,
    pump: (path: Path) => paths().pump(path),
    alive,
    logger,
    maxMessagesPerConnection: config.MXFLOW_MESSAGES_PER_CONNECTION,
    idleMs: config.MXFLOW_IDLE_CONNECTION,
  });
}

function sessionOpener({ config, sources, events, cutOff }: SendingOptions, resolver: Resolver): SessionOpener {
  return createSessionOpener({
    resolver,
    memory: createHostMemory(() => performance.now()),
    port: config.MXFLOW_SMTP_PORT,
    tlsPolicy: config.MXFLOW_TLS,
    timeouts: timeoutsOf(config),
    allowed: (address) => allowedAddress(address, config.MXFLOW_PRIVATE_MX),
    ownNames: new Set(sources.map(({ heloName }) => heloName.toLowerCase())),
    cutOff,
    onAttempt: (result) => events.connectionTried(result),
  });
}

/** QUIT is a courtesy: nobody waits longer for its reply. */
const MAX_QUIT_MS = 5000;

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
    quitMs: Math.min(commandMs, MAX_QUIT_MS),
  };
}

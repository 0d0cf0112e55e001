import type { Database } from '@mxflow/db';
import { usableSources, type Source } from '@mxflow/domain';
import type { Messaging } from '@mxflow/messaging';
import { allowedAddress, createResolver, type Resolver } from '@mxflow/resolver';
import type { Logger } from '@mxflow/telemetry';

import { createClaimCheck, createClaimDesk } from './claim-desk.ts';
import type { WorkerConfig } from './config.ts';
import type { EpochKeeper } from './epoch-keeper.ts';
import type { WorkerEvents } from './events.ts';
import { createHostMemory } from './host-memory.ts';
import { readInstance } from './instance.ts';
import { Intake } from './intake.ts';
import { createJobCache, type JobCache } from './job-cache.ts';
import type { ClaimedWork } from './lane-message.ts';
import { createLanes, type Lanes } from './lanes.ts';
import { createOffline } from './offline.ts';
import { createSessionOpener, type SessionOpener } from './open-session.ts';
import { OutcomeDesk } from './outcome-desk.ts';
import type { Path } from './path.ts';
import { Paths, type RunConnection } from './paths.ts';
import { createPutBack, type PutBack } from './put-back.ts';
import { createRunConnection } from './run-connection.ts';
import { createSendOne } from './send-one.ts';
import { Grants } from './shaping/grants.ts';
import type { RuleBook } from './shaping/rule-book.ts';
import type { Slot } from './shaping/slot.ts';

/** Everything between the lanes and the outcomes. Disposing stops consuming, lets messages in hand end, and drains. */
export type Sending = AsyncDisposable & {
  readonly paths: Paths;
  readonly desk: OutcomeDesk;
  readonly lanes: Lanes;
  readonly grants: Grants;
  /** Another epoch began: claims and grants of the last one are gone. */
  readonly begin: () => void;
  /** A scope has room again, as Postgres announces. */
  readonly roomIn: (scopeKey: string) => void;
};

export type SendingOptions = {
  readonly config: WorkerConfig;
  readonly database: Database;
  readonly messaging: Messaging;
  readonly sources: readonly Source[];
  readonly keeper: EpochKeeper;
  readonly book: RuleBook;
  readonly events: WorkerEvents;
  readonly logger: Logger;
  /** The rules are not those that Postgres goes by. */
  readonly onStaleRules: () => void;
  /** A host said something about connections as such. */
  readonly onReply: (slot: Slot, reply: string) => void;
  /** Aborted when nothing may be sent any more: every session is cut off. */
  readonly cutOff: () => AbortSignal;
};

export function startSending(options: SendingOptions): Sending {
  const { config, database, messaging, sources, keeper, book, events, logger } = options;
  const { barring } = book;
  const stopped = new AbortController();
  const currentEpoch = (): number => keeper.epoch;
  const desk = new OutcomeDesk({ database, messaging, currentEpoch, reportAgainMs: config.MXFLOW_REPORT_AGAIN_AFTER });
  const claim = createClaimDesk({ database, desk, currentEpoch });
  const putBack = createPutBack({ database, desk, currentEpoch, logger, signal: stopped.signal });
  const alive = (): boolean => keeper.alive();
  const grants = openGrants(options);
  const jobs = createJobCache(database, readInstance(config, logger));
  const resolver = resolverOf(config);
  const paths: Paths = new Paths({
    database,
    desk,
    claim,
    putBack,
    runConnection: connectionRunner(options, { desk, putBack, jobs, resolver, grants, paths: () => paths }),
    alive,
    logger,
    maxConnections: config.MXFLOW_MAX_CONNECTIONS,
  });
  const offline = createOffline({ claim, desk, putBack, onFault: (error) => events.intakeFailed(error) });
  const usable = (pool: readonly Source[], domain: string) => usableHere(pool, book, domain);
  const intake = new Intake({ database, messaging, resolver, jobs, paths, offline, putBack, events, usable, barring });
  const lanes = createLanes({
    database,
    messaging,
    sources,
    prefetch: config.MXFLOW_LANE_PREFETCH,
    intake: (pool) => (message) => intake.handle(message, pool),
  });
  const watched = events.watch({
    unconfirmed: () => desk.unconfirmed,
    connections: () => grants.connections,
    rulesVersion: () => book.version,
  });
  return {
    paths,
    desk,
    lanes,
    grants,
    begin: () => {
      paths.forgetClaims();
      grants.begin();
    },
    roomIn: (scopeKey) => {
      grants.roomIn(scopeKey);
      paths.wake(scopeKey);
    },
    [Symbol.asyncDispose]: async () => {
      // Together: messages in hand are settled by putting them back, which is what stopping the lanes waits for.
      await Promise.all([lanes.stop(config.MXFLOW_STOP_DEADLINE), paths.stop(), offline.stop()]);
      await grants.released();
      stopped.abort();
      await desk.drained();
      watched[Symbol.dispose]();
    },
  };
}

function openGrants({ config, database, book, keeper, events, logger, onStaleRules }: SendingOptions): Grants {
  return new Grants({
    database,
    book,
    currentEpoch: () => keeper.epoch,
    alive: () => keeper.alive(),
    onStaleRules,
    events,
    unlimited: config.MXFLOW_TEST_WITHOUT_GRANTS,
    logger,
  });
}

function resolverOf(config: WorkerConfig): Resolver {
  return createResolver({
    ...(config.MXFLOW_DNS.length === 0 ? {} : { servers: [...config.MXFLOW_DNS] }),
    cacheSeconds: config.MXFLOW_DNS_CACHE / 1000,
  });
}

type Parts = {
  readonly desk: OutcomeDesk;
  readonly putBack: PutBack;
  readonly jobs: JobCache;
  readonly resolver: Resolver;
  readonly grants: Grants;
  /** Connections and paths need each other: the paths are there before the first connection is. */
  readonly paths: () => Paths;
};

function connectionRunner(
  options: SendingOptions,
  { desk, putBack, jobs, resolver, grants, paths }: Parts,
): RunConnection {
  const { config, database, keeper, events, logger } = options;
  const alive = (): boolean => keeper.alive();
  const putFirst = (path: Path, message: ClaimedWork): void => paths().putFirst(path, message);
  const sendOne = createSendOne({
    jobs,
    desk,
    putBack,
    putFirst,
    mayBeSent: createClaimCheck(database),
    alive,
    events,
  });
  return createRunConnection({
    database,
    resolver,
    grants,
    open: sessionOpener(options, resolver, grants),
    desk,
    sendOne,
    pump: (path: Path) => paths().pump(path),
    alive,
    logger,
    putFirst,
    onReply: options.onReply,
    idleMs: config.MXFLOW_IDLE_CONNECTION,
  });
}

function sessionOpener(options: SendingOptions, resolver: Resolver, grants: Grants): SessionOpener {
  const { config, database, sources, events, logger, onReply, cutOff } = options;
  return createSessionOpener({
    database,
    grants,
    resolver,
    memory: createHostMemory(() => performance.now()),
    port: config.MXFLOW_SMTP_PORT,
    tlsPolicy: config.MXFLOW_TLS,
    allowed: (address) => allowedAddress(address, config.MXFLOW_PRIVATE_MX),
    ownNames: new Set(sources.map(({ heloName }) => heloName.toLowerCase())),
    cutOff,
    onAttempt: (result) => events.connectionTried(result),
    onReply,
    logger,
  });
}

/** Those that may send to the domain by what operators decided: a source that they have not seen yet may. */
function usableHere(sources: readonly Source[], book: RuleBook, domain: string): readonly Source[] {
  const known = new Map(book.sources.map((source) => [source.publicId, source]));
  const current = sources.map((source) => ({ ...source, ...known.get(source.publicId) }));
  const usable = new Set(usableSources(current, domain).map(({ publicId }) => publicId));
  return sources.filter(({ publicId }) => usable.has(publicId));
}

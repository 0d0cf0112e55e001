import { setTimeout as wait } from 'node:timers/promises';
import { recordSiteFailure, type Database } from '@mxflow/db';
import { siteBackOffSeconds } from '@mxflow/domain';
import type { Logger } from '@mxflow/telemetry';
import type { Claim } from './claim-desk.ts';
import type { ClaimedWork, LaneMessage, PathKey } from './lane-message.ts';
import type { OutcomeDesk } from './outcome-desk.ts';
import { claimsWanted, connectionsWanted, createPath, offer, type Path } from './path.ts';
import type { PutBack } from './put-back.ts';

/** Opens a connection for a path and sends until there is nothing left or it ends. Resolves when the provider counts it no more. */
export type RunConnection = (path: Path) => Promise<ConnectionEnd>;

export type ConnectionEnd =
  /** It did its work. */
  | { readonly kind: 'used' }
  /** The site could not be reached, or not one message got through: the site is to rest. */
  | { readonly kind: 'site-failed'; readonly because: string };

export type PathsOptions = {
  readonly database: Database;
  readonly desk: OutcomeDesk;
  readonly claim: Claim;
  readonly putBack: PutBack;
  readonly runConnection: RunConnection;
  /** Whether anything may be claimed or sent now. */
  readonly alive: () => boolean;
  readonly logger: Logger;
  /** Connections of one path at once. */
  readonly maxConnectionsPerPath: number;
  /** Connections of this worker at once. */
  readonly maxConnections: number;
};

/** Everything that waits in this worker to be sent, by path, and what is done about it. */
export type Paths = {
  add(key: PathKey, message: LaneMessage): void;
  /** Something changed that may let a path move. */
  pump(path: Path): void;
  pumpAll(): void;
  /** Gives a claimed message that was not sent back to its path. */
  putFirst(path: Path, message: ClaimedWork): void;
  /** Our claims are void: forgets the claimed messages that were not sent. */
  forgetClaims(): void;
  /** Takes nothing more; what is here goes back to wait. Resolves when every connection has ended. */
  stop(): Promise<void>;
  readonly openConnections: number;
};

/** How long a claim that could not be asked for waits. */
const CLAIM_RETRY_MS = 500;
/** Rest after the first, second, … failure in a row. */
const REST_SECONDS = Array.from({ length: 9 }, (_, index) => siteBackOffSeconds(index + 1));

export function createPaths(options: PathsOptions): Paths {
  const { desk, putBack, logger } = options;
  const paths = new Map<string, Path>();
  const running = new Set<Promise<void>>();
  let connections = 0;
  let stopping = false;

  return {
    add: (key, message) => {
      if (stopping) return void parkOne(message, { delayMs: 0, reason: 'worker-stopping' });
      const path = pathOf(key);
      path.queued.push(message);
      pump(path);
    },
    pump,
    pumpAll: () => {
      for (const path of paths.values()) pump(path);
    },
    putFirst: (path, message) => {
      if (stopping) return void giveBack(message, { delayMs: 0, reason: 'worker-stopping' });
      path.ready.unshift(message);
      pump(path);
    },
    forgetClaims: () => {
      for (const path of paths.values()) for (const { lane } of path.ready.splice(0)) lane.settle();
      desk.forgetClaims();
    },
    stop: async () => {
      stopping = true;
      await Promise.all([...paths.values()].map((path) => clear(path, { delayMs: 0, reason: 'worker-stopping' })));
      for (const path of paths.values()) for (const waiting of [...path.idle]) waiting(undefined);
      await Promise.all(running);
    },
    get openConnections() {
      return connections;
    },
  };

  function pathOf(key: PathKey): Path {
    const name = `${key.siteId}/${key.source.publicId}`;
    const known = paths.get(name);
    if (known !== undefined) return known;
    const path = createPath(key);
    paths.set(name, path);
    return path;
  }

  function pump(path: Path): void {
    if (stopping || !options.alive()) return;
    const claims = Math.min(claimsWanted(path), desk.room(connections));
    for (const message of path.queued.splice(0, Math.max(0, claims))) void claimOne(path, message);
    const wanted = Math.min(
      connectionsWanted(path, options.maxConnectionsPerPath),
      options.maxConnections - connections,
    );
    for (let opened = 0; opened < wanted; opened += 1) start(path);
    if (path.connections === 0 && path.queued.length + path.ready.length + path.claiming === 0) forget(path);
  }

  function forget(path: Path): void {
    paths.delete(`${path.key.siteId}/${path.key.source.publicId}`);
  }

  async function claimOne(path: Path, message: LaneMessage): Promise<void> {
    path.claiming += 1;
    try {
      const claimed = await options.claim(message);
      path.claiming -= 1;
      if (claimed === undefined) {
        await putBack.settleRefused(message);
        message.settle();
      } else if (stopping) {
        return await giveBack(claimed, { delayMs: 0, reason: 'worker-stopping' });
      } else {
        offer(path, claimed);
      }
    } catch (err) {
      path.claiming -= 1;
      logger.warn({ err }, 'claiming failed, trying again');
      path.queued.unshift(message);
      await wait(CLAIM_RETRY_MS);
    }
    pump(path);
  }

  function start(path: Path): void {
    connections += 1;
    path.connections += 1;
    const run = runOne(path).finally(() => running.delete(run));
    running.add(run);
  }

  async function runOne(path: Path): Promise<void> {
    const end = await options.runConnection(path).catch((err: unknown): ConnectionEnd => {
      logger.error({ err }, 'a connection ended by a fault of ours');
      return { kind: 'site-failed', because: 'internal error' };
    });
    connections -= 1;
    path.connections -= 1;
    if (end.kind === 'site-failed' && !stopping && options.alive()) await rest(path, end.because);
    pump(path);
  }

  /** The site rests, for all workers; what waits here for it goes back. */
  async function rest(path: Path, because: string): Promise<void> {
    const { siteId } = path.key;
    const delayMs = await recordSiteFailure(options.database, { siteId, because, restSeconds: REST_SECONDS }).catch(
      (err: unknown) => {
        logger.warn({ err, siteId }, 'recording a site failure failed');
        return (REST_SECONDS[0] ?? 0) * 1000;
      },
    );
    logger.info({ siteId, because, delayMs }, 'site rests');
    await clear(path, { delayMs, reason: 'site-back-off', lastReply: because.slice(0, 2000) });
  }

  async function clear(path: Path, how: HowParked): Promise<void> {
    const queued = path.queued.splice(0);
    const ready = path.ready.splice(0);
    await Promise.all([
      ...queued.map((message) => parkOne(message, how)),
      ...ready.map((message) => giveBack(message, how)),
    ]);
  }

  async function parkOne(message: LaneMessage, how: HowParked): Promise<void> {
    const { messageId, attempt } = message;
    await putBack.park({ messageId, attempt, ...how });
    message.settle();
  }

  async function giveBack({ lane }: ClaimedWork, how: HowParked): Promise<void> {
    const { messageId, attempt } = lane;
    await putBack.returnClaim({ messageId, attempt, ...how });
    desk.released(messageId);
    lane.settle();
  }
}

type HowParked = { readonly delayMs: number; readonly reason: string; readonly lastReply?: string };

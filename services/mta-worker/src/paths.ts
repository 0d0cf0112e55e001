import { setTimeout as wait } from 'node:timers/promises';

import { recordSiteFailure, type Database } from '@mxflow/db';
import type { Logger } from '@mxflow/telemetry';

import type { Claim } from './claim-desk.ts';
import { REST_SECONDS } from './host-memory.ts';
import type { ClaimedWork, LaneMessage, PathKey } from './lane-message.ts';
import type { OutcomeDesk } from './outcome-desk.ts';
import {
  claimsWanted,
  connectionsWanted,
  createPath,
  enqueue,
  hasRoom,
  noteBound,
  offer,
  takeOverdue,
  takeOverdueClaims,
  type Path,
} from './path.ts';
import type { HowParked, PutBack } from './put-back.ts';
import type { Denied } from './shaping/slot.ts';

/**
 * Opens a connection for a path and sends until there is nothing left or it ends. Resolves when the provider counts it no more.
 *
 * @param onOpened called when the connection is there; never where it will not be.
 */
export type RunConnection = (path: Path, onOpened: () => void) => Promise<ConnectionEnd>;

export type ConnectionEnd =
  /** It did its work. */
  | { readonly kind: 'used' }
  /** None may be opened now. */
  | Denied
  /** The site could not be reached, or not one message got through. */
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
  /** Connections of this worker at once. */
  readonly maxConnections: number;
};

/** Postgres could not be asked, or the like: it says nothing about the site, which others may reach. */
const OUR_FAULT: Denied = { kind: 'denied', binds: 'worker-fault', askAgainMs: 2000, scopeKey: '' };
const STOPPING: HowParked = { delayMs: 0, reason: 'worker-stopping' };
/** How long a claim that could not be asked for waits. */
const CLAIM_RETRY_MS = 500;
/** Paths that are told of room in their scope at once: more than one slot is rarely free. */
const MAX_WOKEN = 20;
/** A path whose wait is longer is looked at again by the regular round. */
const PUMPED_ANYWAY_MS = 500;
/** For how long a message that waits for its path goes back to Postgres. */
const MIN_PARKED_MS = 5000;
const MAX_PARKED_MS = 60_000;
/** A site that refuses one more connection while others work is not asked for more for so long. */
const ENOUGH_CONNECTIONS_MS = 5000;

/** Everything that waits in this worker to be sent, by path, and the connections that carry it. */
export class Paths {
  readonly #options: PathsOptions;
  readonly #paths = new Map<string, Path>();
  readonly #running = new Set<Promise<void>>();
  /** Paths that want a connection beyond what this worker may have. */
  readonly #crowdedOut = new Set<Path>();
  /** Paths with a connection that waits, and nothing for it. */
  readonly #resting = new Set<Path>();
  #connections = 0;
  /** Of these, those that wait for a slot or for the provider's greeting. */
  #opening = 0;
  #claiming = 0;
  #stopping = false;

  constructor(options: PathsOptions) {
    this.#options = options;
  }

  add(key: PathKey, message: LaneMessage): void {
    if (this.#stopping) return void this.#options.putBack.park(message, STOPPING);
    const path = this.#pathOf(key);
    enqueue(path, message);
    this.pump(path);
  }

  /** Whether one more message for this path would get on its way soon. */
  hasRoom(key: PathKey): boolean {
    return hasRoom(this.#paths.get(nameOf(key)), performance.now());
  }

  /** A scope has room again: paths that wait for it may ask at once, longest waiting first. */
  wake(scopeKey: string): void {
    let woken = 0;
    for (const path of this.#paths.values()) {
      if (path.denied?.scopeKey !== scopeKey || path.openAfterMs === Number.NEGATIVE_INFINITY) continue;
      path.openAfterMs = Number.NEGATIVE_INFINITY;
      this.pump(path);
      woken += 1;
      if (woken === MAX_WOKEN) return;
    }
  }

  /** The rules changed: no wait that the old ones imposed holds. */
  rulesChanged(): void {
    for (const path of this.#paths.values()) if (path.denied !== undefined) path.openAfterMs = Number.NEGATIVE_INFINITY;
    this.pumpAll();
  }

  /** Something changed that may let a path move. */
  pump(path: Path): void {
    if (this.#stopping || !this.#options.alive()) return;
    const nowMs = performance.now();
    const room = this.#options.desk.room(this.#connections - this.#opening) - this.#claiming;
    for (const message of path.queued.splice(0, Math.max(0, Math.min(claimsWanted(path, nowMs), room)))) {
      void this.#claim(path, message);
    }
    const spare = this.#options.maxConnections - this.#connections;
    const wanted = connectionsWanted(path, nowMs);
    for (let opened = 0; opened < Math.min(wanted, spare); opened += 1) this.#start(path);
    this.#noteCrowd(path, wanted > spare);
    if (path.connections === 0 && waitingIn(path) === 0) this.#forget(path);
  }

  pumpAll(): void {
    const nowMs = performance.now();
    for (const path of this.#paths.values().toArray()) {
      const delayMs = Math.min(MAX_PARKED_MS, Math.max(MIN_PARKED_MS, path.openAfterMs - nowMs));
      const how: HowParked = { delayMs, reason: path.denied?.binds ?? 'busy' };
      for (const message of takeOverdue(path, nowMs)) void this.#options.putBack.park(message, how);
      for (const message of takeOverdueClaims(path, nowMs)) void this.#options.putBack.giveBack(message, how);
      this.pump(path);
    }
  }

  /** Gives a claimed message that was not sent back to its path. */
  putFirst(path: Path, message: ClaimedWork): void {
    if (this.#stopping) return void this.#options.putBack.giveBack(message, STOPPING);
    // Its epoch was fenced meanwhile: somebody else's now.
    if (!this.#options.desk.holds(message.lane)) return message.lane.settle();
    path.ready.unshift(message);
    this.pump(path);
  }

  /** Our claims are void: forgets the claimed messages that were not sent. */
  forgetClaims(): void {
    for (const path of this.#paths.values()) for (const { lane } of path.ready.splice(0)) lane.settle();
    this.#options.desk.forgetClaims();
  }

  /** Takes nothing more; what is here goes back to wait. Resolves when every connection has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#paths.values()].map((path) => this.#clear(path, STOPPING)));
    for (const path of this.#paths.values()) for (const waiting of path.idle) waiting(undefined);
    await Promise.all(this.#running);
  }

  /** Where this worker has all the connections that it may have, one that only waits makes room for a path that has none. */
  #noteCrowd(path: Path, wantsMore: boolean): void {
    if (wantsMore) this.#crowdedOut.add(path);
    else this.#crowdedOut.delete(path);
    if (path.idle.size > 0 && waitingIn(path) === 0) this.#resting.add(path);
    else this.#resting.delete(path);
    const [resting] = this.#crowdedOut.size > 0 ? this.#resting : [];
    if (resting === undefined) return;
    this.#resting.delete(resting);
    const [waiting] = resting.idle;
    waiting?.(undefined);
  }

  /** A connection has ended: the path that has waited longest for one may have it. */
  #letIn(): void {
    const [path] = this.#crowdedOut;
    if (path === undefined) return;
    this.#crowdedOut.delete(path);
    this.pump(path);
  }

  /** Whoever still holds a path that was forgotten before may come again: its name may be another path's by then. */
  #forget(path: Path): void {
    if (this.#paths.get(nameOf(path.key)) === path) this.#paths.delete(nameOf(path.key));
    this.#crowdedOut.delete(path);
    this.#resting.delete(path);
  }

  #pathOf(key: PathKey): Path {
    const name = nameOf(key);
    const path = this.#paths.get(name) ?? createPath(key);
    this.#paths.set(name, path);
    return path;
  }

  async #claim(path: Path, message: LaneMessage): Promise<void> {
    path.claiming += 1;
    this.#claiming += 1;
    const answer = await this.#options.claim(message).then(
      (claimed) => ({ kind: 'answered', claimed }) as const,
      (err: unknown) => ({ kind: 'failed', err }) as const,
    );
    path.claiming -= 1;
    this.#claiming -= 1;
    if (answer.kind === 'failed') {
      this.#options.logger.warn({ err: answer.err }, 'claiming failed, trying again');
      path.queued.unshift(message);
      await wait(CLAIM_RETRY_MS);
    } else {
      await this.#follow(path, message, answer.claimed);
    }
    this.pump(path);
  }

  async #follow(path: Path, message: LaneMessage, claimed: ClaimedWork | undefined): Promise<void> {
    if (claimed === undefined) return await this.#options.putBack.settleRefused(message);
    if (this.#stopping) return await this.#options.putBack.giveBack(claimed, STOPPING);
    offer(path, claimed);
  }

  #start(path: Path): void {
    this.#connections += 1;
    this.#opening += 1;
    path.connections += 1;
    path.opening += 1;
    const run = this.#runOne(path).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #runOne(path: Path): Promise<void> {
    let opening = true;
    const onOpened = (): void => {
      opening = false;
      this.#opening -= 1;
      path.opening -= 1;
    };
    const end = await this.#options.runConnection(path, onOpened).catch((err: unknown): ConnectionEnd => {
      this.#options.logger.error({ err }, 'a connection ended by a fault of ours');
      return OUR_FAULT;
    });
    // In one go: one that was never there must not count as open meanwhile, or claims would be made for it.
    if (opening) onOpened();
    this.#connections -= 1;
    path.connections -= 1;
    if (end.kind === 'denied') this.#denied(path, end);
    if (end.kind === 'site-failed' && !this.#stopping && this.#options.alive()) {
      if (path.connections > path.opening) path.openAfterMs = performance.now() + ENOUGH_CONNECTIONS_MS;
      else await this.#rest(path, end.because);
    }
    this.pump(path);
    this.#letIn();
  }

  /** No connection now. The path goes behind the others, so that those which share a scope with it take turns. */
  #denied(path: Path, { binds, askAgainMs, scopeKey }: Denied): void {
    path.denied = { binds, scopeKey };
    noteBound(path, performance.now());
    path.openAfterMs = performance.now() + askAgainMs;
    const name = nameOf(path.key);
    if (this.#paths.get(name) !== path) return;
    this.#paths.delete(name);
    this.#paths.set(name, path);
    if (askAgainMs < PUMPED_ANYWAY_MS && !this.#stopping) setTimeout(() => this.pump(path), askAgainMs);
  }

  /** The site rests, for all workers; what waits here for it goes back. */
  async #rest(path: Path, because: string): Promise<void> {
    const { database, logger } = this.#options;
    const { siteId } = path.key;
    const failure = { siteId, because, restSeconds: REST_SECONDS };
    const delayMs = await recordSiteFailure(database, failure).catch((err: unknown) => {
      logger.warn({ err, siteId }, 'recording a site failure failed');
      return (REST_SECONDS[0] ?? 0) * 1000;
    });
    logger.info({ siteId, because, delayMs }, 'site rests');
    await this.#clear(path, { delayMs, reason: 'site-back-off', lastReply: because.slice(0, 2000) });
  }

  async #clear(path: Path, how: HowParked): Promise<void> {
    const queued = path.queued.splice(0).map((message) => this.#options.putBack.park(message, how));
    const ready = path.ready.splice(0).map((message) => this.#options.putBack.giveBack(message, how));
    await Promise.all([...queued, ...ready]);
  }
}

function waitingIn({ queued, ready, claiming }: Path): number {
  return queued.length + ready.length + claiming;
}

function nameOf({ siteId, source }: PathKey): string {
  return `${siteId}/${source.publicId}`;
}

import type { ClaimedWork, LaneMessage, PathKey } from './lane-message.ts';

/**
 * What waits for one path in this worker: released messages in their order, and those already claimed for a connection
 * that is about to be free. Bookkeeping only; who claims and who connects is decided by its owner.
 */
export type Path = {
  readonly key: PathKey;
  /** Released, not claimed: the more urgent first. */
  readonly queued: LaneMessage[];
  readonly ready: ClaimedWork[];
  /** Claims under way. */
  claiming: number;
  /** Connections that the provider may be counting, those being opened included. */
  connections: number;
  opening: number;
  /** No further connection is opened before this instant (ms, monotonic). */
  openAfterMs: number;
  /** What the last refusal to open one was bound by, and in which scope. */
  denied: { readonly binds: string; readonly scopeKey: string } | undefined;
  /** A limit of its scope was met: until then (ms, monotonic) more messages than a few are better sent from elsewhere. */
  boundUntilMs: number;
  /** Connections that wait for a message. */
  readonly idle: Set<(message: ClaimedWork | undefined) => void>;
};

export function createPath(key: PathKey): Path {
  return {
    key,
    queued: [],
    ready: [],
    claiming: 0,
    connections: 0,
    opening: 0,
    openAfterMs: Number.NEGATIVE_INFINITY,
    denied: undefined,
    boundUntilMs: Number.NEGATIVE_INFINITY,
    idle: new Set(),
  };
}

/** Queues a released message behind all that are as urgent, before all that are less. */
export function enqueue(path: Path, message: LaneMessage): void {
  const urgency = urgencyOf(message);
  const last = path.queued.at(-1);
  if (last === undefined || urgencyOf(last) <= urgency) path.queued.push(message);
  else
    path.queued.splice(
      path.queued.findIndex((other) => urgencyOf(other) > urgency),
      0,
      message,
    );
}

/** What a message without a word about it counts as: the middle of 0 (most urgent) to 4. */
const NORMAL_URGENCY = 2;

function urgencyOf({ urgency }: LaneMessage): number {
  return urgency ?? NORMAL_URGENCY;
}

/** Hands a claimed message to a connection that waits, else keeps it ready. */
export function offer(path: Path, message: ClaimedWork): void {
  const [waiting] = path.idle;
  if (waiting === undefined) path.ready.push(message);
  else waiting(message);
}

/** The next claimed message; `undefined` when none came within the time, or the connection ended while it waited. */
export async function take(path: Path, waitMs: number, ended: AbortSignal): Promise<ClaimedWork | undefined> {
  const next = path.ready.shift();
  if (next !== undefined || ended.aborted) return next;
  return await new Promise((resolve) => {
    const answer = (message: ClaimedWork | undefined): void => {
      clearTimeout(timer);
      ended.removeEventListener('abort', giveUp);
      path.idle.delete(answer);
      resolve(message);
    };
    const giveUp = (): void => answer(undefined);
    const timer = setTimeout(giveUp, waitMs);
    ended.addEventListener('abort', giveUp);
    path.idle.add(answer);
  });
}

/**
 * How many connections to open now: one for each message that no connection is there or on its way for, and no more at
 * once than there are already. A message whose claim is under way counts when it is answered: a connection opened for it
 * alone would find nothing to do, and end, and be opened again, without ever letting the answer in.
 */
export function connectionsWanted(path: Path, nowMs: number): number {
  if (nowMs < path.openAfterMs) return 0;
  const messages = path.queued.length + path.ready.length;
  const growth = Math.max(1, path.connections) - path.opening;
  return Math.max(0, Math.min(growth, messages - path.idle.size - path.opening));
}

/**
 * How many messages to claim now: one for each connection that waits, and a reserve for those that work. Where no limit
 * binds the reserve is claimed in one go when half of it is used, since each claim is a statement; else one message each.
 */
export function claimsWanted(path: Path, nowMs: number): number {
  const open = path.connections - path.opening;
  const held = path.ready.length + path.claiming;
  const isBound = path.boundUntilMs > nowMs;
  if (!isBound && path.idle.size === 0 && held >= open) return 0;
  const reserve = isBound ? open : 2 * open;
  return Math.max(0, Math.min(path.queued.length, reserve + path.idle.size - held));
}

/**
 * A source has room for a site while its path is not held back, and, where a limit binds it, is not far behind. A queue
 * alone says nothing: where no limit binds, weights decide.
 */
export function hasRoom(path: Path | undefined, nowMs: number): boolean {
  if (path === undefined) return true;
  const heldBack = path.connections === 0 && path.openAfterMs > nowMs + HELD_BACK_MS;
  return !heldBack && (path.queued.length < FAR_BEHIND || path.boundUntilMs < nowMs);
}

const HELD_BACK_MS = 1000;
const FAR_BEHIND = 16;
const BOUND_MS = 2000;

/** A connection, or a message on one, had to wait for room in its scope. */
export function noteBound(path: Path, nowMs: number): void {
  path.boundUntilMs = nowMs + BOUND_MS;
}

/**
 * The messages that are to wait in Postgres rather than here, taken out of the queue: those that have been here too
 * long, and, of a path that may not open a connection for a while, all but a few.
 */
export function takeOverdue(path: Path, nowMs: number): readonly LaneMessage[] {
  const kept = isHeldBack(path, nowMs)
    ? path.queued.slice(0, KEPT)
    : path.queued.filter((message) => !isHereTooLong(message, nowMs));
  if (kept.length === path.queued.length) return [];
  const staying = new Set(kept);
  const overdue = path.queued.filter((message) => !staying.has(message));
  path.queued.splice(0, path.queued.length, ...kept);
  return overdue;
}

/**
 * The claimed messages that are to go back, taken out of those that are ready: likewise, and of a path that is held back
 * all. Whether a message may still be sent is asked when it is claimed, so that a claim must not wait for long.
 */
export function takeOverdueClaims(path: Path, nowMs: number): readonly ClaimedWork[] {
  const heldBack = isHeldBack(path, nowMs);
  const { overdue = [], kept = [] } = Object.groupBy(path.ready, ({ lane }) =>
    heldBack || isHereTooLong(lane, nowMs) ? 'overdue' : 'kept',
  );
  path.ready.splice(0, path.ready.length, ...kept);
  return overdue;
}

function isHeldBack(path: Path, nowMs: number): boolean {
  return path.connections === 0 && path.openAfterMs - nowMs > LONG_MS;
}

function isHereTooLong({ arrivedAtMs }: LaneMessage, nowMs: number): boolean {
  return nowMs - arrivedAtMs >= TOO_LONG_MS;
}

/** A broker must not hold a copy unacknowledged for long: it keeps everything after it, and closes the channel in the end. */
const TOO_LONG_MS = 120_000;
const LONG_MS = 5000;
const KEPT = 10;

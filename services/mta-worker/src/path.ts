import type { ClaimedWork, LaneMessage, PathKey } from './lane-message.ts';

/**
 * What waits for one path in this worker: released messages in their order, and those already claimed for a connection
 * that is about to be free. Bookkeeping only; who claims and who connects is decided by its owner.
 */
export type Path = {
  readonly key: PathKey;
  /** Released, not claimed. */
  readonly queued: LaneMessage[];
  readonly ready: ClaimedWork[];
  /** Claims under way. */
  claiming: number;
  /** Connections that the provider may be counting, those being opened included. */
  connections: number;
  opening: number;
  /** No further connection is opened before this instant (ms, monotonic). */
  openAfterMs: number;
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
    idle: new Set(),
  };
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
 * How many connections to open now: one for each message that no connection is there or on its way for. A message whose
 * claim is under way counts when it is answered: a connection opened for it alone would find nothing to do, and end, and
 * be opened again, without ever letting the answer in.
 */
export function connectionsWanted(path: Path, maxConnections: number, nowMs: number): number {
  if (nowMs < path.openAfterMs) return 0;
  const messages = path.queued.length + path.ready.length;
  return Math.max(0, Math.min(maxConnections - path.connections, messages - path.idle.size - path.opening));
}

/** How many messages to claim now: one for each connection that waits, and one in reserve for each that works. */
export function claimsWanted(path: Path): number {
  const open = path.connections - path.opening;
  return Math.max(0, Math.min(path.queued.length, open + path.idle.size - path.ready.length - path.claiming));
}

import { setTimeout as wait } from 'node:timers/promises';

import { recordSiteReached, type Database } from '@mxflow/db';
import type { Resolver } from '@mxflow/resolver';
import type { Logger } from '@mxflow/telemetry';
import type { OpenedSession, SessionOpener } from './open-session.ts';
import type { OutcomeDesk } from './outcome-desk.ts';
import { take, type Path } from './path.ts';
import type { ConnectionEnd, RunConnection } from './paths.ts';
import type { SendOne } from './send-one.ts';

export type ConnectionOptions = {
  readonly database: Database;
  readonly resolver: Resolver;
  readonly open: SessionOpener;
  readonly desk: OutcomeDesk;
  readonly sendOne: SendOne;
  readonly pump: (path: Path) => void;
  readonly alive: () => boolean;
  readonly logger: Logger;
  readonly maxMessagesPerConnection: number;
  /** How long an open connection waits for a message. */
  readonly idleMs: number;
};

/** The provider may count a connection that we cut off for so long after. */
const AFTER_ABORT_MS = 2000;
/** A site that is reached again and again is noted in Postgres no more often. */
const REACHED_EVERY_MS = 2000;

/** One connection from opening to its end as the provider sees it. */
export function createRunConnection(options: ConnectionOptions): RunConnection {
  const noteReached = createReachedNote(options);
  return async (path) => {
    const ended = new AbortController();
    path.opening += 1;
    const opened = await openFor(path, options, () => ended.abort()).finally(() => {
      path.opening -= 1;
    });
    if (opened.kind === 'failed') return { kind: 'site-failed', because: opened.because };
    if (opened.kind === 'nothing-to-do') return { kind: 'used' };
    noteReached(path.key.siteId);
    options.pump(path);
    const settled = await sendAll({ path, opened, ended: ended.signal }, options);
    return await close(opened, settled);
  };
}

async function openFor(path: Path, options: ConnectionOptions, onClosed: () => void) {
  const domain = path.queued[0]?.domain ?? path.ready[0]?.lane.domain;
  if (domain === undefined) return { kind: 'nothing-to-do' as const };
  const resolution = await options.resolver.mx(domain);
  return await options.open({ domain, resolution, source: path.key.source, onClosed });
}

type OpenConnection = { readonly path: Path; readonly opened: OpenedSession; readonly ended: AbortSignal };

/** Sends until the connection has carried its number, ends, or has nothing to carry. Returns how many were settled. */
async function sendAll({ path, opened, ended }: OpenConnection, options: ConnectionOptions): Promise<number> {
  const { session } = opened;
  let settled = 0;
  while (session.state === 'ready' && session.messagesSent < options.maxMessagesPerConnection && options.alive()) {
    if (!options.desk.mayStart()) {
      await options.desk.untilRoom();
      continue;
    }
    const next = take(path, options.idleMs, ended);
    options.pump(path);
    const message = await next;
    if (message === undefined) break;
    if (await options.sendOne(path, opened, message)) settled += 1;
  }
  return settled;
}

async function close({ session }: OpenedSession, settled: number): Promise<ConnectionEnd> {
  const { peerClosed, loss } = session.state === 'ready' ? await session.quit() : await session.abort();
  if (!peerClosed) await wait(AFTER_ABORT_MS);
  if (settled > 0 || loss.reason === 'quit' || loss.reason === 'aborted') return { kind: 'used' };
  const said = loss.reply === undefined ? '' : `: ${loss.reply.code} ${loss.reply.lines.join(' ')}`;
  return { kind: 'site-failed', because: `${loss.detail}${said}` };
}

function createReachedNote({ database, logger }: ConnectionOptions): (siteId: number) => void {
  const notedAt = new Map<number, number>();
  return (siteId) => {
    const now = performance.now();
    if ((notedAt.get(siteId) ?? Number.NEGATIVE_INFINITY) > now - REACHED_EVERY_MS) return;
    if (notedAt.size > 10_000) notedAt.clear();
    notedAt.set(siteId, now);
    recordSiteReached(database, siteId).catch((err: unknown) =>
      logger.warn({ err }, 'noting a site as reached failed'),
    );
  };
}

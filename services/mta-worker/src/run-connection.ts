import { clearPathFailures, recordSiteReached, type Database } from '@mxflow/db';
import { replyText } from '@mxflow/domain';
import type { Resolver } from '@mxflow/resolver';
import type { Logger } from '@mxflow/telemetry';
import type { OpenedSession, SessionOpener } from './open-session.ts';
import type { ClaimedWork } from './lane-message.ts';
import type { OutcomeDesk } from './outcome-desk.ts';
import { noteBound, take, type Path } from './path.ts';
import type { ConnectionEnd, RunConnection } from './paths.ts';
import type { SendOne } from './send-one.ts';
import type { Grants } from './shaping/grants.ts';
import type { Slot } from './shaping/slot.ts';

export type ConnectionOptions = {
  readonly database: Database;
  readonly resolver: Resolver;
  readonly grants: Grants;
  readonly open: SessionOpener;
  readonly desk: OutcomeDesk;
  readonly sendOne: SendOne;
  readonly pump: (path: Path) => void;
  readonly alive: () => boolean;
  readonly logger: Logger;
  /** A claimed message goes back to its path. */
  readonly putFirst: (path: Path, message: ClaimedWork) => void;
  /** The host said something about the session as such. */
  readonly onReply: (slot: Slot, reply: string) => void;
  /** How long an open connection waits for a message. */
  readonly idleMs: number;
};

/** A site that is reached again and again is noted in Postgres no more often. */
const REACHED_EVERY_MS = 2000;

/** One connection from opening to its end as the provider sees it. */
export function createRunConnection(options: ConnectionOptions): RunConnection {
  const noteReached = createReachedNote(options);
  return async (path, onOpened) => {
    const ended = new AbortController();
    const opened = await openFor(path, options, () => ended.abort());
    if (opened.kind === 'failed') return { kind: 'site-failed', because: opened.because };
    if (opened.kind === 'denied') return opened;
    if (opened.kind === 'nothing-to-do') return { kind: 'used' };
    onOpened();
    noteReached(opened.slot);
    options.pump(path);
    const either = AbortSignal.any([ended.signal, opened.slot.end.signal]);
    const useful = await sendAll({ path, opened, ended: either }, options).catch(async (fault: unknown) => {
      // Of ours. The provider sees the end all the same, or the slot would be taken for as long as this worker lives.
      await opened.session.abort();
      await close(opened, 0, options);
      throw fault;
    });
    return await close(opened, useful, options);
  };
}

async function openFor(path: Path, options: ConnectionOptions, onClosed: () => void) {
  const domain = path.ready[0]?.lane.domain ?? path.queued[0]?.domain;
  if (domain === undefined) return { kind: 'nothing-to-do' as const };
  const resolution = await options.resolver.mx(domain);
  const { siteId, source } = path.key;
  return await options.open({ domain, resolution, siteId, source, onClosed });
}

type OpenConnection = { readonly path: Path; readonly opened: OpenedSession; readonly ended: AbortSignal };

/** Sends until the connection has carried its number, is to end, or has nothing to carry. Returns how many proved useful. */
async function sendAll({ path, opened, ended }: OpenConnection, options: ConnectionOptions): Promise<number> {
  const { session, slot } = opened;
  // Asked before each message: the rules may have changed meanwhile.
  const mayGoOn = (): boolean =>
    session.state === 'ready' &&
    session.messagesSent < slot.rule.limits.maxMessagesPerConnection &&
    options.alive() &&
    !ended.aborted;
  let useful = 0;
  while (mayGoOn()) {
    if (!options.desk.mayStart()) {
      await options.desk.untilRoom();
      continue;
    }
    slot.idle = true;
    const next = take(path, options.idleMs, ended);
    options.pump(path);
    const message = await next;
    slot.idle = false;
    if (message === undefined) break;
    const sent = await sendWithToken({ path, opened, ended }, message, options);
    if (sent === 'no-token') break;
    if (sent.useful) useful += 1;
  }
  return useful;
}

/** No MAIL without a token of the scope that counts this connection now. */
async function sendWithToken(
  { path, opened, ended }: OpenConnection,
  message: ClaimedWork,
  { grants, idleMs, sendOne, putFirst }: ConnectionOptions,
) {
  const { slot } = opened;
  const waitMs = grants.tokenWaitMs(slot);
  if (waitMs > 0) noteBound(path, performance.now());
  const token = waitMs > idleMs ? undefined : await grants.token(slot, idleMs, ended);
  if (token === undefined) {
    putFirst(path, message);
    return 'no-token';
  }
  const sent = await sendOne(path, opened, message).catch((fault: unknown) => {
    // MAIL may have been written.
    token.spent();
    throw fault;
  });
  if (sent.mailWritten) token.spent();
  else token.unused();
  return sent;
}

async function close(
  { session, slot }: OpenedSession,
  useful: number,
  { grants, onReply }: ConnectionOptions,
): Promise<ConnectionEnd> {
  const { peerClosed, loss } = session.state === 'ready' ? await session.quit() : await session.abort();
  await grants.end(slot, { peerClosed, reason: loss.reason });
  const said = loss.reply === undefined ? '' : replyText(loss.reply);
  if (said !== '' && loss.reason !== 'quit') onReply(slot, said);
  if (useful > 0 || loss.reason === 'quit' || loss.reason === 'aborted') return { kind: 'used' };
  return { kind: 'site-failed', because: `${loss.detail}${said === '' ? '' : `: ${said}`}` };
}

function createReachedNote({ database, logger }: ConnectionOptions): (slot: Slot) => void {
  const notedAt = new Map<string, number>();
  const dueNow = (key: string): boolean => {
    const now = performance.now();
    if ((notedAt.get(key) ?? Number.NEGATIVE_INFINITY) > now - REACHED_EVERY_MS) return false;
    if (notedAt.size > MAX_NOTED) notedAt.clear();
    notedAt.set(key, now);
    return true;
  };
  const onFault = (err: unknown): void => logger.warn({ err }, 'noting that a site was reached failed');
  return ({ point: { siteId, publicId, mxIp } }) => {
    if (dueNow(`site ${siteId}`)) recordSiteReached(database, siteId).catch(onFault);
    if (dueNow(`path ${publicId} ${mxIp}`)) clearPathFailures(database, { publicId, mxIp }).catch(onFault);
  };
}

const MAX_NOTED = 10_000;

import { recordPathFailure, type Database } from '@mxflow/db';
import { hostsOf, rankHosts, replyText, type MxResolution, type Source } from '@mxflow/domain';
import type { Resolver } from '@mxflow/resolver';
import { connect, type ConnectResult, type Session, type TlsPolicy } from '@mxflow/smtp';
import type { Logger } from '@mxflow/telemetry';

import { listCandidates, type Candidate } from './candidates.ts';
import { REST_SECONDS, type HostMemory } from './host-memory.ts';
import { timeoutsOf } from './rule-timeouts.ts';
import type { Grants } from './shaping/grants.ts';
import type { Denied, Slot } from './shaping/slot.ts';

/** A session with an MX host, which one it is, and the right to it. */
export type OpenedSession = {
  readonly session: Session;
  readonly mxHost: string;
  readonly mxIp: string;
  readonly slot: Slot;
};

export type OpenResult =
  | ({ readonly kind: 'open' } & OpenedSession)
  /** No connection may be opened now. */
  | Denied
  /** No host could be reached, or the best one that could does not want us. One sentence for log and operators. */
  | { readonly kind: 'failed'; readonly because: string };

export type SessionOpener = (question: {
  readonly domain: string;
  readonly resolution: MxResolution;
  readonly siteId: number;
  readonly source: Source;
  readonly onClosed: () => void;
}) => Promise<OpenResult>;

export type OpenerOptions = {
  readonly database: Database;
  readonly grants: Grants;
  readonly resolver: Resolver;
  readonly memory: HostMemory;
  readonly port: number;
  /** Of the instance: what rules mean by `default`. */
  readonly tlsPolicy: TlsPolicy;
  /** Whether mail may go to this address at all. */
  readonly allowed: (address: string) => boolean;
  /** Names under which this host itself takes mail: an MX that names one is a loop. */
  readonly ownNames: ReadonlySet<string>;
  /** Aborting cuts off every session that was opened. */
  readonly cutOff: () => AbortSignal;
  readonly onAttempt: (result: ConnectResult) => void;
  /** A host said something about connections as such. */
  readonly onReply: (slot: Slot, reply: string) => void;
  readonly logger: Logger;
};

type Caller = { readonly siteId: number; readonly source: Source; readonly onClosed: () => void };

/**
 * Opens a session with the best host that answers (RFC 5321 §5.1) and has room. A backup is tried only where the better
 * host refuses the connection, lets a time-out pass or greets with 421: a host that is full by our own rules is waited
 * for, and one that answers otherwise has the last word. Hosts of one preference stand in for each other in both cases.
 */
export function createSessionOpener(options: OpenerOptions): SessionOpener {
  return async ({ domain, resolution, siteId, source, onClosed }) => {
    const found = await listCandidates(rankHosts(hostsOf(resolution), Math.random), options);
    let because = found.because ?? `${domain}: no host could be tried`;
    let resting: Denied | undefined;
    for (const group of inGroups(found.candidates)) {
      const result = await tryGroup(group, { siteId, source, onClosed }, options);
      if (result.kind === 'open' || result.kind === 'denied') return result;
      because = result.because ?? because;
      if (result.kind === 'last-word') return { kind: 'failed', because };
      resting = sooner(resting, result.resting);
    }
    // Every host rests after earlier failures: nothing was tried, so nothing new is known of the site.
    return resting === undefined ? { kind: 'failed', because } : resting;
  };
}

type GroupResult =
  | ({ readonly kind: 'open' } & OpenedSession)
  | Denied
  | { readonly kind: 'last-word'; readonly because: string | undefined }
  | { readonly kind: 'unreachable'; readonly because: string | undefined; readonly resting: Denied | undefined };

async function tryGroup(group: readonly Candidate[], caller: Caller, options: OpenerOptions): Promise<GroupResult> {
  const { grants } = options;
  let because: string | undefined;
  let full: Denied | undefined;
  let resting: Denied | undefined;
  let tried = false;
  for (const { host, address } of group) {
    const { siteId, source } = caller;
    const acquired = await grants.acquire({ publicId: source.publicId, mxHost: host, mxIp: address, siteId });
    if (acquired.kind === 'denied') {
      if (acquired.binds === 'path-back-off') resting = sooner(resting, acquired);
      else full = sooner(full, acquired);
      continue;
    }
    tried = true;
    const attempt = await tryCandidate(acquired.slot, caller, options);
    if (attempt.kind === 'open') return attempt;
    because = attempt.because;
    if (attempt.kind === 'last-word') return attempt;
  }
  return full ?? { kind: 'unreachable', because, resting: tried ? undefined : resting };
}

function sooner(one: Denied | undefined, other: Denied | undefined): Denied | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.askAgainMs < one.askAgainMs ? other : one;
}

function inGroups(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  return [...Map.groupBy(candidates, ({ preference }) => preference).values()];
}

type Attempt =
  | ({ readonly kind: 'open' } & OpenedSession)
  | { readonly kind: 'try-next'; readonly because: string }
  | { readonly kind: 'last-word'; readonly because: string };

async function tryCandidate(slot: Slot, caller: Caller, options: OpenerOptions): Promise<Attempt> {
  const { memory, grants } = options;
  const { mxHost, mxIp } = slot.point;
  const { tls } = slot.rule.rule;
  const policy = tls === 'default' ? options.tlsPolicy : tls;
  // Opportunistic means: rather in clear than not at all (RFC 7435). A host whose TLS fails is met in clear next time.
  const inClear = policy === 'opportunistic' && !memory.mayEncrypt(mxIp);
  const result = await connectOnce(slot, { ...caller, policy: inClear ? 'disabled' : policy }, options);
  if (result.kind === 'ready') {
    return { kind: 'open', session: result.session, mxHost, mxIp, slot };
  }
  const said = result.reply === undefined ? '' : replyText(result.reply);
  if (said !== '') options.onReply(slot, said);
  const because = `${mxHost}[${mxIp}]: ${result.stage}: ${result.detail}${said === '' ? '' : `: ${said}`}`;
  // A SYN that nobody answered made no connection.
  const reason = result.stage === 'connect' && result.reason === 'timed-out' ? 'refused' : result.reason;
  void grants.end(slot, { peerClosed: result.peerClosed, reason });
  if (result.reason === 'tls-failed' && policy === 'opportunistic') {
    memory.tlsFailed(mxIp);
    return { kind: 'try-next', because };
  }
  if (!isUnreachable(result)) return { kind: 'last-word', because };
  await noteUnreachable(slot, because, options);
  return { kind: 'try-next', because };
}

async function noteUnreachable({ point }: Slot, because: string, { database, logger }: OpenerOptions): Promise<void> {
  const { publicId, mxIp } = point;
  await recordPathFailure(database, { publicId, mxIp, because, restSeconds: REST_SECONDS }).catch((err: unknown) =>
    logger.warn({ err, mxIp }, 'recording a path failure failed'),
  );
}

async function connectOnce(
  slot: Slot,
  { source, onClosed, policy }: Caller & { readonly policy: TlsPolicy },
  options: OpenerOptions,
): Promise<ConnectResult> {
  const { mxHost, mxIp } = slot.point;
  const result = await connect({
    host: mxIp,
    port: options.port,
    localAddress: source.bindAddress,
    heloName: source.heloName,
    tls: { policy, servername: mxHost, verify: false },
    timeouts: timeoutsOf(slot.rule.rule),
    pipelining: options.memory.mayPipeline(mxIp),
    signal: options.cutOff(),
    onEvent: (event) => {
      switch (event.kind) {
        case 'misbehaved':
          return options.memory.misbehaved(mxIp);
        case 'closed':
          return onClosed();
      }
    },
  });
  options.onAttempt(result);
  return result;
}

/** Refused, timed out, lost before or in the greeting, or greeted with 421. */
function isUnreachable(result: Extract<ConnectResult, { kind: 'failed' }>): boolean {
  if (result.stage === 'connect') return true;
  if (result.reply !== undefined) return result.reply.code === 421;
  return result.stage === 'greeting';
}

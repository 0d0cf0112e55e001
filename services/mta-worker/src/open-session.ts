import { hostsOf, rankHosts, type MxHost, type MxResolution, type Source } from '@mxflow/domain';
import type { Resolver } from '@mxflow/resolver';
import { connect, type ConnectResult, type Session, type Timeouts, type TlsPolicy } from '@mxflow/smtp';
import type { HostMemory } from './host-memory.ts';

/** A session with an MX host, and which one it is. */
export type OpenedSession = { readonly session: Session; readonly mxHost: string; readonly mxIp: string };

export type OpenResult =
  | ({ readonly kind: 'open' } & OpenedSession)
  /** No host could be reached, or the best one that could does not want us. One sentence for log and operators. */
  | { readonly kind: 'failed'; readonly because: string };

export type SessionOpener = (question: {
  readonly domain: string;
  readonly resolution: MxResolution;
  readonly source: Source;
  readonly onClosed: () => void;
}) => Promise<OpenResult>;

export type OpenerOptions = {
  readonly resolver: Resolver;
  readonly memory: HostMemory;
  readonly port: number;
  readonly tlsPolicy: TlsPolicy;
  readonly timeouts: Timeouts;
  /** Whether mail may go to this address at all. */
  readonly allowed: (address: string) => boolean;
  /** Names under which this host itself takes mail: an MX that names one is a loop. */
  readonly ownNames: ReadonlySet<string>;
  /** Aborting cuts off every session that was opened. */
  readonly cutOff: () => AbortSignal;
  readonly onAttempt: (result: ConnectResult) => void;
};

type Candidate = { readonly host: string; readonly address: string };
type Caller = { readonly source: Source; readonly onClosed: () => void };

/**
 * Opens a session with the best host that answers (RFC 5321 §5.1). A backup is tried only where the better host
 * refuses the connection, lets a time-out pass or greets with 421; a host that answers otherwise has the last word.
 */
export function createSessionOpener(options: OpenerOptions): SessionOpener {
  const { memory, resolver } = options;
  return async ({ domain, resolution, source, onClosed }) => {
    const found = await listCandidates(rankHosts(hostsOf(resolution), Math.random), options, resolver);
    if (found.candidates.length === 0) return { kind: 'failed', because: found.because ?? noHost(domain) };
    const rested = found.candidates.filter(({ address }) => !memory.rests(address));
    let because = noHost(domain);
    // All resting: the site itself rests in that case, so whoever asks now has waited; all are tried again.
    for (const candidate of rested.length > 0 ? rested : found.candidates) {
      const attempt = await tryCandidate(candidate, { source, onClosed }, options);
      if (attempt.kind === 'open') return attempt;
      because = attempt.because;
      if (attempt.kind === 'last-word') return { kind: 'failed', because };
    }
    return { kind: 'failed', because };
  };
}

type Attempt =
  | ({ readonly kind: 'open' } & OpenedSession)
  | { readonly kind: 'try-next'; readonly because: string }
  | { readonly kind: 'last-word'; readonly because: string };

async function tryCandidate({ host, address }: Candidate, caller: Caller, options: OpenerOptions): Promise<Attempt> {
  const { memory } = options;
  let result = await connectOnce({ host, address, policy: options.tlsPolicy }, caller, options);
  // Opportunistic means: rather in clear than not at all (RFC 7435). The failed session is over; this is a new one.
  if (result.kind === 'failed' && result.reason === 'tls-failed' && options.tlsPolicy === 'opportunistic') {
    result = await connectOnce({ host, address, policy: 'disabled' }, caller, options);
  }
  if (result.kind === 'ready') {
    memory.reached(address);
    return { kind: 'open', session: result.session, mxHost: host, mxIp: address };
  }
  const said = result.reply === undefined ? '' : `: ${result.reply.code} ${result.reply.lines.join(' ')}`;
  const because = `${host}[${address}]: ${result.stage}: ${result.detail}${said}`;
  if (!isUnreachable(result)) return { kind: 'last-word', because };
  memory.failed(address);
  return { kind: 'try-next', because };
}

async function connectOnce(
  { host, address, policy }: Candidate & { readonly policy: TlsPolicy },
  { source, onClosed }: Caller,
  options: OpenerOptions,
): Promise<ConnectResult> {
  const result = await connect({
    host: address,
    port: options.port,
    localAddress: source.bindAddress,
    heloName: source.heloName,
    tls: { policy, servername: host, verify: false },
    timeouts: options.timeouts,
    pipelining: options.memory.mayPipeline(address),
    signal: options.cutOff(),
    onEvent: (event) => {
      switch (event.kind) {
        case 'misbehaved':
          return options.memory.misbehaved(address);
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

async function listCandidates(
  hosts: readonly MxHost[],
  { allowed, ownNames }: OpenerOptions,
  resolver: Resolver,
): Promise<{ readonly candidates: readonly Candidate[]; readonly because: string | undefined }> {
  const candidates: Candidate[] = [];
  let because: string | undefined;
  // A host of our own, and every host that is no better, would send the mail in a circle (RFC 5321 §5.1).
  const own = hosts.find(({ host }) => ownNames.has(host));
  for (const { host } of hosts.filter(({ preference }) => own === undefined || preference < own.preference)) {
    const answer = await resolver.addresses(host);
    switch (answer.kind) {
      case 'found':
        for (const { address } of answer.addresses) {
          if (allowed(address)) candidates.push({ host, address });
          else because = `${host}[${address}]: an address that mail may not go to`;
        }
        break;
      case 'none':
        because ??= `${host}: has no address`;
        break;
      case 'temporary-failure':
        because ??= `${host}: ${answer.because}`;
        break;
    }
  }
  if (own !== undefined) because ??= `${own.host}: mail for this domain loops back to us`;
  return { candidates, because };
}

function noHost(domain: string): string {
  return `${domain}: no host could be tried`;
}

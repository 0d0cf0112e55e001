import type { AddressInfo } from 'node:net';
import { domainToASCII } from 'node:url';

import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';

import { isDatabaseUnavailable, KEPT_OCTETS, type InboundMail } from '@mxflow/db';

import type { InboundEvents, InboundRefusal } from './events.ts';
import { createPeers, type PeerLimits, type Peers } from './peers.ts';

export type ListenerOptions = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The only domains that mail is taken for. */
  readonly domains: readonly string[];
  readonly limits: PeerLimits & {
    readonly sizeOctets: number;
    /** Of all mails that are coming in. */
    readonly heldOctets: number;
    readonly recipients: number;
    readonly silenceMs: number;
  };
  /** PEM. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Resolves once the mail survives whatever happens. */
  readonly store: (mail: InboundMail) => Promise<void>;
  /** Why no mail can be taken now; `undefined` where it can. */
  readonly noRoom: () => 'backlog' | 'full' | undefined;
  readonly events: InboundEvents;
};

export type Listener = AsyncDisposable & { readonly port: number };

/** A client that waited so long for the reply to its content tries again anyway. */
const STORE_LIMIT_MS = 60_000;
/** A connection that is older gets no further mail started: a client that hangs on for ever keeps others out. */
const CONNECTION_LIFE_MS = 600_000;
/** What is under way when that is over has so long to end. */
const LAST_MAIL_MS = 300_000;
const CLOSE_MS = 5_000;
/**
 * A mail that comes in more pieces than that, of fewer octets each on average, is cut off: each line that begins with a dot is
 * a piece, and costs as much as reading a whole report.
 */
const MOST_PIECES = 50_000;
const FEW_OCTETS = 100;
/** Connections that wait for their greeting, above those that are admitted. */
const GREETING_ROOM = 100;

/** One sentence for each; all but the first two are worth another try. */
const REPLIES = {
  relay: [550, '5.7.1 Mail is taken for our return-path domains only'],
  too_large: [552, '5.3.4 The mail is too large'],
  too_many_recipients: [452, '4.5.3 Too many recipients'],
  too_many_connections: [421, '4.7.0 Too many connections, try again later'],
  too_fast: [450, '4.7.1 Too many mails, try again later'],
  scattered: [421, '4.7.0 The mail comes in too many pieces'],
  no_memory: [452, '4.3.1 No room at the moment, try again later'],
  backlog: [452, '4.3.1 Too much is waiting here, try again later'],
  full: [452, '4.3.1 No room at the moment, try again later'],
  database_away: [451, '4.3.0 The mail cannot be stored at the moment, try again later'],
} as const satisfies Record<InboundRefusal, readonly [number, string]>;

/**
 * Listens for mail to the return-path domains and for nothing else: it never relays. A mail is answered 250 only when it
 * is stored; whatever keeps it from being stored is answered 4yz, so that it stays with its sender.
 */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const peers = createPeers(options.limits);
  const server = createServer(options, peers);
  server.on('error', (error) => options.events.listenerFailed(error));
  server.server.on('connection', (socket) => {
    const cutOff = setTimeout(() => socket.destroy(), CONNECTION_LIFE_MS + LAST_MAIL_MS);
    cutOff.unref();
    socket.once('close', () => clearTimeout(cutOff));
  });
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.server.off('error', reject);
      resolve();
    });
  });
  const watched = options.events.watchConnections(() => peers.count());
  const { port } = server.server.address() as AddressInfo;
  options.events.listening(port);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      watched[Symbol.dispose]();
    },
  };
}

function createServer(options: ListenerOptions, peers: Peers): SMTPServer {
  const { limits, tls, events, noRoom } = options;
  const domains = new Set(options.domains.map((domain) => domainToASCII(domain)));
  const startedMs = new Map<string, number>();
  const held = { octets: 0 };
  const server = new SMTPServer({
    ...(tls ?? { hideSTARTTLS: true }),
    name: options.domains[0],
    banner: 'mxflow',
    logger: false,
    disabledCommands: ['AUTH', 'WIZ', 'SHELL', 'KILL', ...(tls === undefined ? ['STARTTLS'] : [])],
    disableReverseLookup: true,
    // The replies below carry the codes that say why; the server's own would stand before them.
    hideENHANCEDSTATUSCODES: true,
    size: limits.sizeOctets,
    maxRecipients: limits.recipients,
    maxClients: limits.connections + GREETING_ROOM,
    socketTimeout: limits.silenceMs,
    closeTimeout: CLOSE_MS,
    onConnect: ({ id, remoteAddress }, answer) => {
      if (!peers.admit(id, remoteAddress)) return answer(refuse('too_many_connections', remoteAddress, events));
      startedMs.set(id, performance.now());
      return answer();
    },
    onClose: ({ id }, answer) => {
      startedMs.delete(id);
      peers.leave(id);
      answer();
    },
    onMailFrom: (_reversePath, { id, remoteAddress }, answer) => {
      if (performance.now() - (startedMs.get(id) ?? 0) > CONNECTION_LIFE_MS) {
        return answer(new Refusal(421, '4.3.2 Please connect again'));
      }
      const lacking = noRoom();
      if (lacking !== undefined) return answer(refuse(lacking, remoteAddress, events));
      return answer(peers.mayMail(remoteAddress) ? undefined : refuse('too_fast', remoteAddress, events));
    },
    onRcptTo: ({ address }, { remoteAddress }, answer) => {
      return answer(isOurs(address, domains) ? undefined : refuse('relay', remoteAddress, events));
    },
    onData: (stream, session, answer) => {
      receive({ stream, session, held }, options).then(
        () => answer(undefined, '2.0.0 Stored'),
        (error: unknown) => {
          const refusal = error instanceof Refusal ? error : unforeseen(error, session, events);
          answer(refusal);
          if (refusal.responseCode === 421) hangUp(server, session);
        },
      );
    },
  });
  return server;
}

/** Reads nothing more of a connection. */
function hangUp({ connections }: SMTPServer, { id }: SMTPServerSession): void {
  for (const connection of connections) if (connection.id === id) connection.close();
}

class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly responseCode: number;

  constructor(responseCode: number, text: string) {
    super(text);
    this.responseCode = responseCode;
  }
}

function refuse(reason: InboundRefusal, peer: string, events: InboundEvents): Refusal {
  events.refused(reason, peer);
  const [code, text] = REPLIES[reason];
  return new Refusal(code, text);
}

function unforeseen(error: unknown, { remoteAddress }: SMTPServerSession, events: InboundEvents): Refusal {
  events.storeFailed(error);
  return refuse('database_away', remoteAddress, events);
}

/** RFC 5321 §4.5.1 wants a postmaster without a domain, too. */
function isOurs(address: string, domains: ReadonlySet<string>): boolean {
  const at = address.lastIndexOf('@');
  return at === -1 || domains.has(domainToASCII(address.slice(at + 1)));
}

type Receiving = {
  readonly stream: SMTPServerDataStream;
  readonly session: SMTPServerSession;
  readonly held: { octets: number };
};

/** Takes a content to its end, keeps its beginning as far as the limits allow, and stores that. */
async function receive({ stream, session, held }: Receiving, options: ListenerOptions): Promise<void> {
  const { remoteAddress: peer, envelope } = session;
  const { limits, events, store } = options;
  let kept: Buffer<ArrayBuffer> = Buffer.alloc(0);
  let [octets, pieces, keptOctets] = [0, 0, 0];
  let refusal: 'too_large' | 'no_memory' | undefined;
  const drop = (): void => {
    held.octets -= keptOctets;
    keptOctets = 0;
    kept = Buffer.alloc(0);
  };
  try {
    for await (const chunk of whole(stream)) {
      octets += chunk.length;
      pieces += 1;
      if (pieces > MOST_PIECES && octets < pieces * FEW_OCTETS) throw refuse('scattered', peer, events);
      if (octets > limits.sizeOctets) refusal = 'too_large';
      else if (held.octets + chunk.length > limits.heldOctets) refusal ??= 'no_memory';
      // What is refused is read to its end all the same: the reply can only stand there.
      if (refusal !== undefined) drop();
      else if (keptOctets < KEPT_OCTETS) {
        kept = withChunk(kept, keptOctets, chunk);
        keptOctets += chunk.length;
        held.octets += chunk.length;
      }
    }
    if (refusal !== undefined) throw refuse(refusal, peer, events);
    const mailFrom = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
    const rcptTo = envelope.rcptTo.map(({ address }) => address);
    await withinLimit(store({ cameBy: 'smtp', peer, mailFrom, rcptTo, raw: kept.subarray(0, keptOctets), octets }));
    events.accepted('smtp');
  } catch (error) {
    throw isDatabaseUnavailable(error) ? refuse('database_away', peer, events) : error;
  } finally {
    drop();
  }
}

/**
 * A chunk behind what is kept, in one piece: of lines that begin with a dot each comes as a chunk, and millions of those
 * would take a hundred times what they hold.
 */
function withChunk(kept: Buffer<ArrayBuffer>, length: number, chunk: Buffer): Buffer<ArrayBuffer> {
  const needed = length + chunk.length;
  const roomy = needed <= kept.length ? kept : Buffer.concat([kept.subarray(0, length)], Math.max(needed, 2 * length));
  chunk.copy(roomy, length);
  return roomy;
}

/** A content; where the connection breaks, there is none, and nobody left to be answered. */
async function* whole(stream: SMTPServerDataStream): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch {
    throw new Refusal(421, '4.4.2 The connection broke');
  }
}

/** Whether it was stored in the end or not: the client sends it again, and a mail that comes twice counts once. */
async function withinLimit(storing: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Refusal(...REPLIES.database_away)), STORE_LIMIT_MS);
  });
  try {
    await Promise.race([storing, late]);
  } finally {
    clearTimeout(timer);
  }
}

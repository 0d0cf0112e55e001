import type { Buffer } from 'node:buffer';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

import { lossOf, type Loss } from './outcome.ts';

export type Endpoint = {
  /** A literal address: names are resolved elsewhere. */
  readonly host: string;
  readonly port: number;
  /** The address to bind to; the system chooses where there is none. */
  readonly localAddress?: string | undefined;
};

export type TlsOptions = {
  /** The name in SNI and, with `verify`, in the certificate: A-labels, or an address. */
  readonly servername: string;
  readonly verify: boolean;
  /** Trusted instead of the system's certificates, PEM. */
  readonly ca?: string | undefined;
};

export type TlsInfo = {
  readonly protocol: string;
  readonly cipher: string;
  /** Whether the certificate would have verified, asked for or not. */
  readonly verified: boolean;
};

export type ConnectionListener = {
  received(chunk: Buffer): void;
  /** Nothing more will come: FIN, RST or a failure. Once, unless we reset the connection ourselves. */
  ended(loss: Loss): void;
  /** The socket is closed. Once. `peerClosed`: the server's own end was seen, so it counts the connection no more. */
  released(peerClosed: boolean): void;
};

export type OpenResult =
  | { readonly kind: 'open'; readonly connection: Connection }
  | { readonly kind: 'failed'; readonly loss: Loss };

export type SecureResult =
  | { readonly kind: 'secured'; readonly info: TlsInfo }
  | { readonly kind: 'failed'; readonly loss: Loss };

/** Content goes to the kernel in blocks of this size, so that what is in doubt begins as late as can be told. */
const BLOCK_OCTETS = 64 * 1024;

/** Opens a TCP connection within `connectMs`. A connection that is not open by then is given up, SYN and all. */
export async function openConnection(
  endpoint: Endpoint,
  connectMs: number,
  signal: AbortSignal | undefined,
): Promise<OpenResult> {
  if (signal?.aborted === true) return { kind: 'failed', loss: lossOf('aborted', 'Aborted before connecting') };
  const { host, port, localAddress } = endpoint;
  const socket = connectTcp({
    host,
    port,
    noDelay: true,
    autoSelectFamily: false,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  return await new Promise<OpenResult>((resolve) => {
    const fail = (loss: Loss) => {
      done();
      socket.destroy();
      resolve({ kind: 'failed', loss });
    };
    const timer = setTimeout(() => fail(lossOf('timed-out', `No connection within ${connectMs} ms`)), connectMs);
    const onAbort = () => fail(lossOf('aborted', 'Aborted while connecting'));
    const onError = (error: NodeJS.ErrnoException) => fail(networkLoss(error));
    const onConnect = () => {
      done();
      resolve({ kind: 'open', connection: new Connection(socket) });
    };
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect);
      socket.off('error', onError);
      // A destroyed socket may still report what it was destroyed for.
      socket.on('error', () => undefined);
    };
    signal?.addEventListener('abort', onAbort);
    socket.once('connect', onConnect).once('error', onError);
  });
}

/** The socket to one server, in clear or under TLS. Its life ends with `released`. */
export class Connection {
  readonly #tcp: Socket;
  #stream: Socket | TLSSocket;
  #listener: ConnectionListener | undefined;
  #peerClosed = false;
  #over = false;
  /** Our own end is on its way: nothing more is written. */
  #finished = false;
  readonly #onData = (chunk: Buffer): void => this.#listener?.received(chunk);

  constructor(tcp: Socket) {
    this.#tcp = tcp;
    this.#stream = tcp;
  }

  /** Starts reading. To be called once, in the tick in which the connection opened. */
  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    this.#attach(this.#tcp);
    this.#tcp.once('close', () => listener.released(this.#peerClosed));
  }

  write(octets: string | Buffer): void {
    if (!this.#over && !this.#finished) this.#stream.write(octets);
  }

  /**
   * Writes a content block by block. `beforeBlock` goes immediately before each, and its `false` is the end of it; the last
   * block alone can complete the content.
   */
  writeContent(wire: Buffer, beforeBlock: (isLast: boolean) => boolean): void {
    const writeFrom = (start: number): void => {
      const end = start + BLOCK_OCTETS;
      const isLast = end >= wire.length;
      if (this.#over || this.#finished || !beforeBlock(isLast)) return;
      this.#stream.write(wire.subarray(start, end), (error) => {
        if (!isLast && (error === undefined || error === null)) writeFrom(end);
      });
    };
    writeFrom(0);
  }

  /** Shakes hands (RFC 3207). A failure leaves a connection that is good for nothing but to be reset. */
  async secure({ servername, verify, ca }: TlsOptions): Promise<SecureResult> {
    this.#tcp.off('data', this.#onData);
    const stream = connectTls({
      socket: this.#tcp,
      rejectUnauthorized: verify,
      ...(isIP(servername) === 0 ? { servername } : { host: servername }),
      ...(ca === undefined ? {} : { ca }),
    });
    this.#stream = stream;
    return await new Promise<SecureResult>((resolve) => {
      const fail = (error: NodeJS.ErrnoException | undefined) => {
        const detail = `TLS handshake failed: ${error?.message ?? 'the connection was closed'}`;
        resolve({ kind: 'failed', loss: { ...lossOf('tls-failed', detail), errno: error?.code } });
      };
      stream.on('error', fail).once('close', () => fail(undefined));
      stream.once('secureConnect', () => {
        this.#attach(stream);
        resolve({ kind: 'secured', info: tlsInfo(stream) });
      });
    });
  }

  /** Sends FIN, and waits for the server's own end: only that proves that it has seen ours. */
  finish(): void {
    this.#finished = true;
    this.#stream.end();
  }

  /** Cuts the connection off with RST, so that the server learns of it at once. */
  reset(): void {
    this.#over = true;
    // With our FIN under way Node's reset fails (EINVAL) and never closes the socket; the server has seen our end by then.
    if (this.#tcp.writableEnded) this.#tcp.destroy();
    else this.#tcp.resetAndDestroy();
    this.#stream.destroy();
  }

  #attach(stream: Socket | TLSSocket): void {
    stream.on('data', this.#onData);
    stream.on('end', () => this.#end(stream, lossOf('closed-by-peer', 'The server closed the connection')));
    stream.on('error', (error: NodeJS.ErrnoException) => this.#end(stream, networkLoss(error)));
    stream.on('close', () => this.#end(stream, lossOf('network-error', 'The connection was closed')));
  }

  /** The end of a stream that TLS took the place of is none. */
  #end(stream: Socket | TLSSocket, loss: Loss): void {
    if (this.#over || stream !== this.#stream) return;
    this.#over = true;
    this.#peerClosed = loss.reason === 'closed-by-peer';
    this.#listener?.ended(loss);
    this.#stream.destroy();
    this.#tcp.destroy();
  }
}

function networkLoss(error: NodeJS.ErrnoException): Loss {
  const reset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  return {
    ...lossOf(reset ? 'closed-by-peer' : 'network-error', error.message),
    errno: error.code,
  };
}

function tlsInfo(stream: TLSSocket): TlsInfo {
  return {
    protocol: stream.getProtocol() ?? 'unknown',
    cipher: stream.getCipher().name,
    verified: stream.authorized,
  };
}

import { once } from 'node:events';
import net from 'node:net';

import type { Behaviour } from './behaviour.ts';
import { openBlackHole } from './black-hole.ts';
import { SmtpConnection, type MxEndpoint } from './smtp-connection.ts';

export type Listening = NonNullable<Behaviour['listening']>;

const BACKLOG = 1024;

/**
 * The listener of one MX host address. What it does about new connections follows its endpoint's `listening`, which
 * `follow` brings into effect after a change.
 */
export class MxListener implements AsyncDisposable {
  readonly endpoint: MxEndpoint;
  readonly port: number;
  readonly #connections = new Set<SmtpConnection>();
  #now: Listening = 'refused';
  #held: AsyncDisposable | undefined;
  #changing: Promise<void> = Promise.resolve();

  constructor(endpoint: MxEndpoint, port: number) {
    this.endpoint = endpoint;
    this.port = port;
  }

  /** Opens, shuts or silences the port as the behaviour says; changes happen one after another. */
  follow(): Promise<void> {
    this.#changing = this.#changing.then(() => this.#become(this.endpoint.behaviour().listening ?? 'open'));
    return this.#changing;
  }

  async #become(wanted: Listening): Promise<void> {
    if (wanted === this.#now) return;
    await this.#held?.[Symbol.asyncDispose]();
    this.#held = undefined;
    this.#now = 'refused';
    if (wanted !== 'open') this.#endConnections('close');
    if (wanted === 'open') this.#held = await this.#listen();
    if (wanted === 'unreachable') this.#held = await openBlackHole(this.endpoint.address, this.port);
    this.#now = wanted;
  }

  async #listen(): Promise<AsyncDisposable> {
    return listenAt({
      address: this.endpoint.address,
      port: this.port,
      onSocket: (socket) => this.take(socket),
    });
  }

  /** Starts the dialogue on a socket that was accepted for this address. */
  take(socket: net.Socket): void {
    const connection = new SmtpConnection(socket, this.endpoint);
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
  }

  /** True where connections have to be turned away although another listener has accepted them. */
  turnsAway(): boolean {
    return (this.endpoint.behaviour().listening ?? 'open') !== 'open';
  }

  #endConnections(how: 'close' | 'reset'): void {
    for (const connection of this.#connections) connection.end(how);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A port that could not be opened was reported to whoever asked for it; here it only means nothing to close.
    await this.#changing.catch(() => undefined);
    this.#endConnections('reset');
    await this.#held?.[Symbol.asyncDispose]();
    this.#held = undefined;
  }
}

/** Listens at an address and hands over each connection that has a peer. */
export async function listenAt(options: {
  readonly address: string;
  readonly port: number;
  readonly onSocket: (socket: net.Socket) => void;
}): Promise<AsyncDisposable> {
  const server = net.createServer({ allowHalfOpen: false }, (socket) => {
    // Gone before it was accepted: it has no address any more, and nobody to talk to.
    if (socket.remoteAddress === undefined) socket.destroy();
    else options.onSocket(socket);
  });
  server.listen({ host: options.address, port: options.port, backlog: BACKLOG });
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      // Its 'close' is not waited for: the port is free at once, and connections end in their own time.
      server.close();
    },
  };
}

/**
 * One listener for every address (0.0.0.0), for containers: each connection goes to the endpoint whose address it was
 * made to; where only one endpoint exists, to that. `refused` and `unreachable` can only be played by a reset here.
 */
export function listenAtAll(options: {
  readonly address: string;
  readonly port: number;
  readonly listeners: readonly MxListener[];
}): Promise<AsyncDisposable> {
  const byAddress = new Map(options.listeners.map((listener) => [listener.endpoint.address, listener]));
  if (byAddress.size < options.listeners.length) {
    throw new RangeError('expected an address of its own for each MX host, found one that two share');
  }
  const [first] = options.listeners;
  return listenAt({
    address: options.address,
    port: options.port,
    onSocket: (socket) => {
      const local = (socket.localAddress ?? '').replace(/^::ffff:/, '');
      const listener = byAddress.get(local) ?? (byAddress.size === 1 ? first : undefined);
      if (listener === undefined || listener.turnsAway()) socket.resetAndDestroy();
      else listener.take(socket);
    },
  });
}

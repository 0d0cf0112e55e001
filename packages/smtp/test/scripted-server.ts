import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import { SELF_SIGNED } from './self-signed.ts';

/** What one connection of the server does, from its greeting on. What it throws, the test throws. */
export type Script = (peer: Peer) => Promise<void>;

export type ScriptedServer = AsyncDisposable & {
  readonly port: number;
  /** Resolves with how the first connection ended, once it has. */
  readonly ended: Promise<'fin' | 'rst'>;
};

/** Serves `script` on a free port of the loopback. */
export async function serve(script: Script): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const ended = Promise.withResolvers<'fin' | 'rst'>();
  const faults: unknown[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    script(new Peer(socket, ended.resolve)).catch((fault: unknown) => faults.push(fault));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    ended: ended.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      if (faults.length > 0) throw faults[0];
    },
  };
}

/** The server's side of one connection. */
export class Peer {
  #socket: Socket;
  #unread = '';
  #over = false;
  #wake: () => void = () => undefined;

  readonly #ended: (how: 'fin' | 'rst') => void;

  constructor(socket: Socket, ended: (how: 'fin' | 'rst') => void) {
    this.#socket = socket;
    this.#ended = ended;
    this.#attach(socket);
  }

  /** Writes a line. */
  say(line: string): void {
    this.raw(`${line}\r\n`);
  }

  raw(octets: string | Buffer): void {
    this.#socket.write(octets);
  }

  /** The next line, or `undefined` when there will be none. */
  async line(): Promise<string | undefined> {
    return await this.#upTo('\r\n');
  }

  /** Expects these commands, each by its beginning, and answers each with the line beside it. */
  async answer(...exchanges: readonly (readonly [command: string, reply: string])[]): Promise<void> {
    for (const [command, reply] of exchanges) {
      const line = await this.line();
      if (line?.startsWith(command) !== true) throw new Error(`expected ${command}, found ${line}`);
      this.say(reply);
    }
  }

  /** Waits for octets of any kind, and forgets them. */
  async octets(): Promise<void> {
    while (this.#unread === '' && !this.#over) await this.#more();
    this.#unread = '';
  }

  /** The content up to its final dot, still stuffed. */
  async content(): Promise<string | undefined> {
    return await this.#upTo('\r\n.\r\n');
  }

  /** 220, then EHLO answered with these keywords. */
  async open(...keywords: readonly string[]): Promise<void> {
    this.say('220 mx.test ESMTP');
    await this.hear('EHLO', ...keywords);
  }

  async hear(command: string, ...keywords: readonly string[]): Promise<void> {
    await this.answer([
      command,
      ['mx.test', ...keywords].map((text, index) => `250${index < keywords.length ? '-' : ' '}${text}`).join('\r\n'),
    ]);
  }

  /** Accepts one message in lockstep or in a group, and returns its content. */
  async take(finalReply = '250 2.0.0 Queued'): Promise<string | undefined> {
    await this.answer(['MAIL', '250 ok'], ['RCPT', '250 ok'], ['DATA', '354 go ahead']);
    const content = await this.content();
    this.say(finalReply);
    return content;
  }

  /** Shakes hands as a server; false where the client would not. */
  async secure(): Promise<boolean> {
    const clear = this.#socket;
    clear.removeAllListeners('data');
    const secure = new TLSSocket(clear, { isServer: true, ...SELF_SIGNED });
    this.#socket = secure;
    this.#attach(secure);
    return await new Promise((resolve) => {
      secure.once('secure', () => resolve(true));
      secure.once('error', () => resolve(false)).once('close', () => resolve(false));
    });
  }

  end(): void {
    this.#socket.end();
  }

  /** Stops reading, so that the client's writes pile up. */
  stall(): void {
    this.#socket.pause();
  }

  /** Reads on, to the client's end; the last of what it sent. */
  async readOut(): Promise<string> {
    this.#socket.resume();
    while (!this.#over) {
      this.#unread = this.#unread.slice(-100);
      await this.#more();
    }
    return this.#unread;
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #attach(socket: Socket): void {
    const over = (): void => {
      this.#over = true;
      this.#wake();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#unread += chunk.toString('latin1');
      this.#wake();
    });
    socket.once('end', () => this.#ended('fin')).on('error', () => this.#ended('rst'));
    socket.on('end', over).on('close', over).on('error', over);
  }

  async #upTo(mark: string): Promise<string | undefined> {
    for (;;) {
      const end = this.#unread.indexOf(mark);
      if (end !== -1) {
        const text = this.#unread.slice(0, end);
        this.#unread = this.#unread.slice(end + mark.length);
        return text;
      }
      if (this.#over) return undefined;
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

import { once } from 'node:events';
import net from 'node:net';

/** A client that says what it is told to, for talking to a server by hand. */
export type RawClient = Disposable & {
  readonly socket: net.Socket;
  /** Writes lines, each ended by CRLF, in one packet. */
  say(...lines: readonly string[]): void;
  write(octets: string): void;
  /** The next reply, all its lines joined by a line feed. */
  reply(): Promise<string>;
  /** Says one line and answers the reply to it. */
  ask(line: string): Promise<string>;
  /** How the server ended the connection. */
  ended(): Promise<'closed' | 'reset'>;
};

export async function connectRaw(options: {
  readonly port: number;
  readonly host: string;
  readonly source?: string;
}): Promise<RawClient> {
  const { port, host, source } = options;
  const socket = net.connect({
    port,
    host,
    ...(source === undefined ? {} : { localAddress: source }),
  });
  await once(socket, 'connect');
  return rawClient(socket);
}

export function rawClient(socket: net.Socket): RawClient {
  let text = '';
  let end: 'closed' | 'reset' | undefined;
  let wake = (): void => {};
  socket.setNoDelay(true);
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
    wake();
  });
  socket.on('error', () => {
    end = 'reset';
    wake();
  });
  socket.on('close', () => {
    end ??= 'closed';
    wake();
  });
  const changed = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  const client: RawClient = {
    socket,
    say: (...lines) => socket.write(lines.map((line) => `${line}\r\n`).join('')),
    write: (octets) => socket.write(octets),
    async reply() {
      for (;;) {
        const match = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(text);
        if (match !== null) {
          text = text.slice(match[0].length);
          return match[0].replaceAll('\r', '').trimEnd();
        }
        if (end !== undefined) throw new Error(`expected a reply, found the connection ${end}`);
        await changed();
      }
    },
    ask(line) {
      client.say(line);
      return client.reply();
    },
    async ended() {
      while (end === undefined) await changed();
      return end;
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
  return client;
}

/** A small message with a Message-ID. */
export function content(id: string, body = 'Hello'): string {
  return `Message-ID: <${id}>\r\nSubject: test\r\n\r\n${body}\r\n`;
}

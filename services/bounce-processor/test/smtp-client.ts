import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';

/** A client that says what it is told to and reads reply by reply. */
export type SmtpClient = AsyncDisposable & {
  /** Writes octets as they are. */
  readonly write: (octets: string | Uint8Array) => void;
  /** The next reply: its last line. */
  readonly reply: () => Promise<string>;
  /** Writes one command and awaits its reply. */
  readonly say: (command: string) => Promise<string>;
  /** One mail in lockstep; the reply to its content, or to the first command that was refused. */
  readonly mail: (mail: { from?: string; to: readonly string[]; content: string | Uint8Array }) => Promise<string>;
};

/** Connects and says EHLO; with `greeting: false` it has only connected. */
export async function connectSmtp(port: number, { greeting = true } = {}): Promise<SmtpClient> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  const reply = async (): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('expected a reply, found the end of the connection');
      if (/^\d{3}(?: |$)/.test(value)) return value;
    }
  };
  const say = async (command: string): Promise<string> => {
    socket.write(`${command}\r\n`);
    return await reply();
  };
  const client: SmtpClient = {
    write: (octets) => void socket.write(octets),
    reply,
    say,
    mail: async ({ from = '', to, content }) => {
      for (const command of [`MAIL FROM:<${from}>`, ...to.map((each) => `RCPT TO:<${each}>`), 'DATA']) {
        const said = await say(command);
        if (said >= '4') {
          await say('RSET').catch(() => '');
          return said;
        }
      }
      const octets = typeof content === 'string' ? Buffer.from(content) : content;
      socket.write(stuffed(octets));
      socket.write(octets.subarray(-2).toString() === '\r\n' ? '.\r\n' : '\r\n.\r\n');
      return await reply();
    },
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      if (!socket.closed) await once(socket, 'close');
    },
  };
  if (greeting) {
    await reply();
    await say('EHLO test.example');
  }
  return client;
}

/** RFC 5321 §4.5.2. */
function stuffed(octets: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(octets).toString('latin1').replace(/^\./gm, '..'), 'latin1');
}

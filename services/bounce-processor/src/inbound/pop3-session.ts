import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

import type { ListedMail, MailboxAddress, MailboxSession } from './mailbox.ts';

/** The mailbox said no, or something that POP3 does not know. */
export class Pop3Error extends Error {
  override readonly name = 'Pop3Error';
  readonly code = 'MXFLOW_POP3';
}

const SILENCE_MS = 60_000;
/** RFC 1939 §3 allows 512 octets; some servers tell more. */
const MAX_LINE_OCTETS = 4 << 20;

/** Opens a session with a POP3 mailbox (RFC 1939); it must tell unique ids (UIDL), or nothing could be fetched once. */
export async function openPop3(mailbox: MailboxAddress): Promise<MailboxSession> {
  const { host, port, secure, user, password } = mailbox;
  // An address is no server name (RFC 6066 §3); the certificate must name it all the same.
  const name = net.isIP(host) === 0 ? { servername: host } : {};
  const socket = secure ? tls.connect({ host, port, ...name }) : net.connect(port, host);
  // Whoever reads hears of it.
  socket.on('error', () => {});
  socket.setTimeout(SILENCE_MS, () => socket.destroy(new Pop3Error('expected an answer in time, found none')));
  try {
    await once(socket, secure ? 'secureConnect' : 'connect');
    const reader = createReader(socket);
    await reader.status();
    const say = async (command: string): Promise<void> => {
      socket.write(`${command}\r\n`);
      await reader.status();
    };
    for (const credential of [user, password]) {
      if (/[\r\n]/.test(credential)) throw new Pop3Error('expected a user and a password on one line each');
    }
    await say(`USER ${user}`);
    await say(`PASS ${password}`);
    return session(socket, reader, say);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

type Say = (command: string) => Promise<void>;

function session(socket: net.Socket, reader: Reader, say: Say): MailboxSession {
  const numbers = new Map<string, string>();
  const listing = async (command: string): Promise<ReadonlyMap<string, string>> => {
    await say(command);
    const lines = (await reader.lines()).toString('latin1').split('\r\n');
    return new Map(
      lines.flatMap((line) => {
        const [number, value] = line.trim().split(/\s+/);
        return number === undefined || value === undefined ? [] : [[number, value] as const];
      }),
    );
  };
  const numberOf = (uid: string): string => {
    const number = numbers.get(uid);
    if (number === undefined) throw new Pop3Error(`expected a mail that is listed, found ${uid}`);
    return number;
  };
  return {
    list: async () => {
      const [uids, sizes] = [await listing('UIDL'), await listing('LIST')];
      return [...uids].map(([number, uid]): ListedMail => {
        numbers.set(uid, number);
        return { uid, octets: Number(sizes.get(number) ?? 0) };
      });
    },
    fetch: async (uid) => {
      await say(`RETR ${numberOf(uid)}`);
      return await reader.lines();
    },
    remove: (uid) => say(`DELE ${numberOf(uid)}`),
    end: () => say('QUIT'),
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      if (!socket.closed) await once(socket, 'close');
    },
  };
}

type Reader = {
  /** Awaits `+OK`; throws what stands behind `-ERR`. */
  readonly status: () => Promise<void>;
  /** The lines of a long answer, dots taken away (RFC 1939 §3). */
  readonly lines: () => Promise<Buffer>;
};

function createReader(socket: net.Socket): Reader {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest = Buffer.alloc(0);
  const line = async (): Promise<Buffer> => {
    let searched = 0;
    for (;;) {
      const end = rest.indexOf('\r\n', searched);
      if (end !== -1) {
        const found = rest.subarray(0, end + 2);
        rest = rest.subarray(end + 2);
        return found;
      }
      if (rest.length > MAX_LINE_OCTETS) throw new Pop3Error('expected the end of a line, found none');
      searched = Math.max(0, rest.length - 1);
      const { value, done } = await chunks.next();
      if (done === true) throw new Pop3Error('expected an answer, found the end of the connection');
      rest = Buffer.concat([rest, value]);
    }
  };
  return {
    status: async () => {
      const text = (await line()).toString('latin1').trimEnd();
      if (!text.startsWith('+OK')) throw new Pop3Error(`expected +OK, found ${text.slice(0, 200)}`);
    },
    lines: async () => {
      const all: Buffer[] = [];
      for (;;) {
        const next = await line();
        if (next.equals(END)) return Buffer.concat(all);
        all.push(next[0] === DOT ? next.subarray(1) : next);
      }
    },
  };
}

const DOT = 0x2e;
const END = Buffer.from('.\r\n');

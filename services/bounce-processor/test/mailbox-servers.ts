import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';

/** A mailbox on a server of its own. */
export type TestMailbox = AsyncDisposable & {
  readonly port: number;
  /** By unique id; what clients remove is gone once their session ended well. */
  readonly mails: Map<string, Buffer>;
  readonly fetched: string[];
  /** Cuts the next session off when it asks for a removal. */
  breakAtRemoval: boolean;
};

type Talk = { readonly write: (text: string | Buffer) => void; readonly cut: () => void };
type Serve = (
  mailbox: TestMailbox,
  talk: Talk,
) => { readonly greeting: string; readonly answer: (line: string) => void };

async function serve(serveOne: Serve): Promise<TestMailbox> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const talk = { write: (text: string | Buffer) => void socket.write(text), cut: () => void socket.destroy() };
    const { greeting, answer } = serveOne(mailbox, talk);
    socket.write(greeting);
    createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY }).on('line', answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const mailbox: TestMailbox = {
    port: (server.address() as net.AddressInfo).port,
    mails: new Map(),
    fetched: [],
    breakAtRemoval: false,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return mailbox;
}

/** POP3 (RFC 1939) that sends in small pieces, so that no answer comes in one. */
export function startPop3(): Promise<TestMailbox> {
  return serve((mailbox, { write, cut }) => {
    const listed = [...mailbox.mails];
    const removed: string[] = [];
    const at = (number: string | undefined) => listed[Number(number) - 1];
    const pieces = (text: Buffer): void => {
      for (let from = 0; from < text.length; from += 7) write(text.subarray(from, from + 7));
    };
    const many = (lines: readonly string[]) =>
      pieces(Buffer.from(`+OK\r\n${lines.map((each) => `${each}\r\n`).join('')}.\r\n`));
    return {
      greeting: '+OK ready\r\n',
      answer: (line) => {
        const [command = '', number] = line.split(' ');
        switch (command.toUpperCase()) {
          case 'UIDL':
            return many(listed.map(([uid], index) => `${index + 1} ${uid}`));
          case 'LIST':
            return many(listed.map(([, mail], index) => `${index + 1} ${mail.length}`));
          case 'RETR': {
            const [uid = '', mail = Buffer.alloc(0)] = at(number) ?? [];
            mailbox.fetched.push(uid);
            const stuffed = mail.toString('latin1').replace(/^\./gm, '..');
            return pieces(Buffer.from(`+OK\r\n${stuffed}.\r\n`, 'latin1'));
          }
          case 'DELE':
            if (mailbox.breakAtRemoval) {
              mailbox.breakAtRemoval = false;
              return cut();
            }
            removed.push(at(number)?.[0] ?? '');
            return write('+OK\r\n');
          case 'QUIT':
            for (const uid of removed) mailbox.mails.delete(uid);
            return write('+OK\r\n');
          default:
            return write('+OK\r\n');
        }
      },
    };
  });
}

/** As much of IMAP4rev1 as it takes to list, fetch and remove by unique id. */
export function startImap(): Promise<TestMailbox> {
  return serve((mailbox, { write, cut }) => {
    const removed = new Set<string>();
    const answer = (line: string): void => {
      const [tag = '', ...words] = line.split(' ');
      const command = words[0]?.toUpperCase() === 'UID' ? `UID ${words[1]?.toUpperCase()}` : words[0]?.toUpperCase();
      const done = (text = 'done'): void => write(`${tag} OK ${text}\r\n`);
      switch (command) {
        case 'CAPABILITY':
          write('* CAPABILITY IMAP4rev1 UIDPLUS\r\n');
          return done();
        case 'LIST':
          write('* LIST () "/" INBOX\r\n');
          return done();
        case 'SELECT':
          write(
            `* FLAGS (\\Deleted)\r\n* ${mailbox.mails.size} EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 99] x\r\n`,
          );
          return done('[READ-WRITE] selected');
        case 'FETCH':
          for (const [index, [uid, mail]] of [...mailbox.mails].entries()) {
            write(`* ${index + 1} FETCH (UID ${uid} RFC822.SIZE ${mail.length})\r\n`);
          }
          return done();
        case 'UID FETCH': {
          const uid = words[2] ?? '';
          const mail = mailbox.mails.get(uid) ?? Buffer.alloc(0);
          mailbox.fetched.push(uid);
          write(`* ${[...mailbox.mails.keys()].indexOf(uid) + 1} FETCH (UID ${uid} BODY[] {${mail.length}}\r\n`);
          write(mail);
          write(')\r\n');
          return done();
        }
        case 'UID STORE':
          if (mailbox.breakAtRemoval) {
            mailbox.breakAtRemoval = false;
            return cut();
          }
          removed.add(words[2] ?? '');
          return done();
        case 'UID EXPUNGE':
        case 'EXPUNGE':
          for (const uid of removed) mailbox.mails.delete(uid);
          return done();
        case 'LOGOUT':
          write('* BYE\r\n');
          return done();
        default:
          return done();
      }
    };
    return { greeting: '* OK ready\r\n', answer };
  });
}

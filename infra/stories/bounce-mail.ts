import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

/** A mail from the null reverse-path, as servers send them back. */
export type BounceMail = { readonly to: string; readonly content: string };

/** What a server writes back about a message: a few kinds, by name. */
export type BounceKind = keyof typeof WRITERS;

const RETRY_MS = 200;

/**
 * Posts mails over several connections, as mail servers do: each is tried again until it is answered 250, over a new
 * connection where the old one broke.
 *
 * @param onStored is told how many were answered 250 so far.
 */
export async function postBounces(
  at: string,
  mails: readonly BounceMail[],
  { connections, onStored = () => {} }: { readonly connections: number; readonly onStored?: (stored: number) => void },
): Promise<void> {
  const [host = '', port] = at.split(':');
  const rest = mails.values();
  let stored = 0;
  const lane = async (): Promise<void> => {
    let talk: Talk | undefined;
    for (const mail of rest) {
      for (;;) {
        try {
          talk ??= await connect(host, Number(port));
          if ((await talk.mail(mail)) < 400) break;
        } catch {
          // The server is away or was killed: the mail is still ours, and goes out over another connection.
          talk?.end();
          talk = undefined;
        }
        await wait(RETRY_MS);
      }
      stored += 1;
      onStored(stored);
    }
    talk?.end();
  };
  await Promise.all(Array.from({ length: connections }, lane));
}

type Talk = { readonly mail: (mail: BounceMail) => Promise<number>; readonly end: () => void };

async function connect(host: string, port: number): Promise<Talk> {
  const socket = net.connect(port, host);
  // Whoever waits for a reply hears of it.
  socket.on('error', () => {});
  await once(socket, 'connect');
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  const reply = async (): Promise<number> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('expected a reply, found the end of the connection');
      const code = /^(\d{3})(?: |$)/.exec(value)?.[1];
      if (code !== undefined) return Number(code);
    }
  };
  const say = async (text: string): Promise<number> => {
    socket.write(`${text}\r\n`);
    return await reply();
  };
  await reply();
  await say('EHLO mx.sim.test');
  return {
    mail: async ({ to, content }) => {
      for (const command of ['MAIL FROM:<>', `RCPT TO:<${to}>`, 'DATA', `${content}\r\n.`]) {
        const code = await say(command);
        if (code < 400) continue;
        await say('RSET');
        return code;
      }
      return 250;
    },
    end: () => void socket.destroy(),
  };
}

const WRITERS = {
  unknown: (address: string) => dsn(address, 'failed', '550 5.1.1 User is unknown'),
  full: (address: string) => dsn(address, 'failed', '552 5.2.2 User quota exceeded'),
  delayed: (address: string) => dsn(address, 'delayed', '451 4.4.1 Connection timed out'),
  complaint,
  away: (address: string) =>
    [`From: ${address}`, 'Subject: Out of office', 'Auto-Submitted: auto-replied', '', 'I am away.'].join('\r\n'),
} as const;

/** The content of a mail of this kind about an address. */
export function writeBounce(kind: BounceKind, address: string): string {
  return WRITERS[kind](address);
}

function dsn(address: string, action: string, diagnostic: string): string {
  return [
    'From: MAILER-DAEMON@mx.sim.test',
    'Subject: Delivery Status Notification',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"',
    '',
    '--=_b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.sim.test',
    '',
    `Final-Recipient: rfc822; ${address}`,
    `Action: ${action}`,
    `Status: ${/\d\.\d\.\d/.exec(diagnostic)?.[0] ?? '5.0.0'}`,
    `Diagnostic-Code: smtp; ${diagnostic}`,
    '',
    '--=_b--',
  ].join('\r\n');
}

function complaint(address: string): string {
  return [
    'From: fbl@sim.test',
    'Subject: complaint',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=feedback-report; boundary="=_b"',
    '',
    '--=_b',
    'Content-Type: message/feedback-report',
    '',
    'Feedback-Type: abuse',
    'Version: 1',
    `Original-Rcpt-To: <${address}>`,
    '',
    '--=_b--',
  ].join('\r\n');
}

import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';

import type { ReportMail } from './report-mail.ts';

/** Where bounces and complaints are mailed to. */
export type SmtpTarget = { readonly host: string; readonly port: number };

const TIMEOUT_MS = 30_000;

/**
 * Mails one report in a connection of its own, in lockstep.
 *
 * Answers the code that the content got, or that of the command that was refused; a lost connection is thrown.
 */
export async function sendReport(target: SmtpTarget, mail: ReportMail, name: string): Promise<number> {
  const socket = net.connect(target.port, target.host);
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('expected a reply in time, found none')));
  try {
    await once(socket, 'connect');
    const reply = replyReader(socket);
    const stuffed = mail.content.replace(/^\./gm, '..');
    const steps = [
      undefined,
      `EHLO ${name}\r\n`,
      'MAIL FROM:<>\r\n',
      `RCPT TO:<${mail.forwardPath}>\r\n`,
      'DATA\r\n',
      `${stuffed}.\r\n`,
    ];
    let code = 0;
    for (const step of steps) {
      if (step !== undefined) socket.write(step, 'latin1');
      code = await reply();
      if (code >= 400) break;
    }
    socket.end('QUIT\r\n');
    return code;
  } finally {
    socket.destroySoon();
  }
}

/** Reads replies one by one: the code of each, once its last line is there. */
function replyReader(socket: net.Socket): () => Promise<number> {
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  return async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('expected a reply, found the end of the connection');
      const match = /^(\d{3})(?: |$)/.exec(value);
      if (match !== null) return Number(match[1]);
    }
  };
}

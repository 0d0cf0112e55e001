import type { MailboxAddress, MailboxSession } from './mailbox.ts';

/** The mailbox said no. */
export class ImapError extends Error {
  override readonly name = 'ImapError';
  readonly code = 'MXFLOW_IMAP';
}

/** Opens a session with a folder of an IMAP mailbox. Its ids hold as long as the folder keeps its UIDVALIDITY. */
export async function openImap(mailbox: MailboxAddress): Promise<MailboxSession> {
  // Loaded where it is used: few have such a mailbox, and it takes a fifth of a second of every start.
  const { ImapFlow } = await import('imapflow');
  const { host, port, secure, user, password: pass, folder } = mailbox;
  const doubts = createDoubts();
  const client = new ImapFlow({
    host,
    port,
    secure,
    auth: { user, pass },
    logger: doubts.logger,
    disableAutoIdle: true,
  });
  // Whoever asks something hears of it.
  client.on('error', () => {});
  try {
    await client.connect();
    const lock = await client.getMailboxLock(folder);
    const validity = client.mailbox === false ? '' : String(client.mailbox.uidValidity);
    const numberOf = (uid: string): string => uid.slice(uid.indexOf('/') + 1);
    return {
      list: async () => {
        const mails: { uid: string; octets: number }[] = [];
        for await (const { uid, size = 0 } of client.fetch('1:*', { uid: true, size: true })) {
          mails.push({ uid: `${validity}/${uid}`, octets: size });
        }
        return mails;
      },
      fetch: async (uid) => {
        const mail = await client.fetchOne(numberOf(uid), { source: true }, { uid: true });
        if (mail === false || mail.source === undefined)
          throw new ImapError(`expected a mail that is listed, found no ${uid}`);
        return mail.source;
      },
      remove: async (uid) => {
        if (!(await client.messageDelete(numberOf(uid), { uid: true }))) throw inItsWords(doubts.last());
      },
      end: async () => {
        lock.release();
        await client.logout();
      },
      [Symbol.asyncDispose]: async () => client.close(),
    };
  } catch (error) {
    client.close();
    throw inItsWords(error);
  }
}

/** What the server said, where it answered; else the fault of the connection. */
function inItsWords(error: unknown): unknown {
  const { responseStatus, serverResponseCode, responseText } = error as Readonly<Record<string, string | undefined>>;
  if (responseStatus === undefined) return error;
  const code = serverResponseCode === undefined ? '' : `[${serverResponseCode}] `;
  return new ImapError(`expected OK, found ${responseStatus} ${code}${responseText ?? ''}`.slice(0, 220));
}

/** Where imapflow says why it answers `false`: in its log alone. */
function createDoubts() {
  let last: unknown = new ImapError('expected OK, found neither that nor a reason');
  const ignore = (): void => {};
  const keep = ({ err, msg }: { readonly err?: unknown; readonly msg?: string }): void => {
    if (err !== undefined) last = err;
    else if (msg !== undefined) last = new ImapError(`expected the server to do it, found: ${msg}`);
  };
  return { last: () => last, logger: { trace: ignore, debug: ignore, info: ignore, warn: keep, error: keep } };
}

import type { MailboxAddress, MailboxSession } from './mailbox.ts';

/** Opens a session with a folder of an IMAP mailbox. Its ids hold as long as the folder keeps its UIDVALIDITY. */
export async function openImap(mailbox: MailboxAddress): Promise<MailboxSession> {
  // Loaded where it is used: few have such a mailbox, and it takes a fifth of a second of every start.
  const { ImapFlow } = await import('imapflow');
  const { host, port, secure, user, password: pass, folder } = mailbox;
  const client = new ImapFlow({ host, port, secure, auth: { user, pass }, logger: false, disableAutoIdle: true });
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
          throw new Error(`expected a mail that is listed, found ${uid}`);
        return mail.source;
      },
      remove: async (uid) => {
        await client.messageDelete(numberOf(uid), { uid: true });
      },
      end: async () => {
        lock.release();
        await client.logout();
      },
      [Symbol.asyncDispose]: async () => client.close(),
    };
  } catch (error) {
    client.close();
    throw error;
  }
}

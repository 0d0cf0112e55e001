/** Where bounce mail lies that came to a mailbox instead of to us. */
export type MailboxAddress = {
  readonly protocol: 'pop3' | 'imap';
  /**
   * TLS from the first octet. Without it IMAP changes to TLS where the server offers STARTTLS; POP3 tells everything,
   * the password too, in clear.
   */
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Of IMAP. */
  readonly folder: string;
  /** Without the password; stands in front of what the mailbox calls its mails. */
  readonly name: string;
  /** Its place in the list, from 1: names it in logs, where its user is hidden like every address. */
  readonly nth: number;
};

/** A mail as its mailbox lists it. */
export type ListedMail = { readonly uid: string; readonly octets: number };

/** A session with a mailbox. What is removed may come back if the session does not end well. */
export type MailboxSession = AsyncDisposable & {
  list(): Promise<readonly ListedMail[]>;
  fetch(uid: string): Promise<Uint8Array>;
  remove(uid: string): Promise<void>;
  /** Ends the session well. */
  end(): Promise<void>;
};

const PORTS = { pop3: { clear: 110, secure: 995 }, imap: { clear: 143, secure: 993 } } as const;

/** Reads `imaps://USER:PASSWORD@HOST:PORT/FOLDER` and the like; user, password and folder percent-encoded. */
export function parseMailbox(text: string, index: number): MailboxAddress {
  const url = new URL(text);
  const protocol = url.protocol.startsWith('pop3') ? 'pop3' : 'imap';
  const secure = url.protocol.endsWith('s:');
  const user = decodeURIComponent(url.username);
  const folder = decodeURIComponent(url.pathname.slice(1)) || 'INBOX';
  const port = url.port === '' ? PORTS[protocol][secure ? 'secure' : 'clear'] : Number(url.port);
  const place = protocol === 'imap' ? `/${folder}` : '';
  return {
    protocol,
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    user,
    password: decodeURIComponent(url.password),
    folder,
    name: `${protocol}:${user}@${url.hostname}:${port}${place}`,
    nth: index + 1,
  };
}

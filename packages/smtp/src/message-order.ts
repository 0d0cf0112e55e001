import type { Buffer } from 'node:buffer';

export type MessageOrder = {
  /** `null` is `<>` (RFC 5321 §4.5.5). */
  readonly reversePath: string | null;
  readonly forwardPath: string;
  /** The message as composed; line ends of any kind. Not read with `verifyOnly`. */
  readonly content: Buffer;
  /** Headers or paths hold more than US-ASCII. */
  readonly smtpUtf8: boolean;
  /** Up to RCPT, then RSET. */
  readonly verifyOnly?: boolean | undefined;
  /** Asked in the tick in which MAIL is written, before it is: false withholds the message. Must not throw. */
  readonly beforeMail?: (() => boolean) | undefined;
};

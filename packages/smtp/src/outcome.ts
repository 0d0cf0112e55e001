import type { Reply } from '@mxflow/domain';

/** What a session ended for, or why a message did not get as far as a reply of its own. */
export type LossReason =
  /** FIN or RST from the server. */
  | 'closed-by-peer'
  /** 421 at any point (RFC 5321 §3.8). */
  | 'service-closing'
  /** The server let one of the time-outs pass. */
  | 'timed-out'
  /** An unsolicited reply, a reply of a class that its command cannot get, or no reply at all by RFC 5321 §4.2. */
  | 'protocol-error'
  | 'network-error'
  /** The server answered the greeting or EHLO with a no. */
  | 'refused'
  /** The policy asks for TLS, and the server does not offer it. */
  | 'tls-not-offered'
  /** The TLS handshake failed, or the certificate did not verify where it must. */
  | 'tls-failed'
  /** QUIT, by our own wish. */
  | 'quit'
  /** Cut off by our own wish. */
  | 'aborted';

export type Loss = {
  readonly reason: LossReason;
  /** One sentence for the log. */
  readonly detail: string;
  readonly reply: Reply | undefined;
  /** The system's name of the error, e.g. `ECONNRESET`. */
  readonly errno: string | undefined;
};

/** The step of a transaction that a refusal answered. `local`: we refused ourselves, and MAIL was never sent. */
export type Stage = 'local' | 'MAIL' | 'RCPT' | 'DATA' | 'content';

/** What a session tells about one message. MAIL has been sent, unless it is `withheld`, `local`, or says otherwise. */
export type Outcome =
  /** 2yz after the final dot: the next hop has taken responsibility (RFC 5321 §6.1). */
  | { readonly kind: 'accepted'; readonly reply: Reply }
  /** 2yz to RCPT of a message that was only to be verified; its transaction was reset. */
  | { readonly kind: 'verified'; readonly reply: Reply }
  /** The server, or we on its behalf, said no. A `content` refusal with 421 also ended the session. */
  | { readonly kind: 'refused'; readonly stage: Stage; readonly reply: Reply }
  /** `beforeMail` said no: the session is unharmed. */
  | { readonly kind: 'withheld' }
  /** The session broke before any octet that could complete the content: nothing was delivered. */
  | { readonly kind: 'unreachable'; readonly loss: Loss; readonly mailSent: boolean }
  /** It broke after that octet and before the reply: perhaps delivered, perhaps not (RFC 1047). */
  | { readonly kind: 'in-doubt'; readonly loss: Loss };

/** A loss that neither a reply nor the system explains further. */
export function lossOf(reason: LossReason, detail: string, reply?: Reply): Loss {
  return { reason, detail, reply, errno: undefined };
}

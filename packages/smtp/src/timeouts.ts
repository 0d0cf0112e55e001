import type { DialogState, Expectation } from './dialog-state.ts';

/** How long each step may take, in milliseconds (RFC 5321 §4.5.3.2). A reply that trickles in must be whole within its time. */
export type Timeouts = {
  /** TCP connect. */
  readonly connectMs: number;
  readonly greetingMs: number;
  /** EHLO and HELO, STARTTLS, and the handshake. */
  readonly ehloMs: number;
  /** MAIL and RSET. */
  readonly mailMs: number;
  readonly rcptMs: number;
  /** From DATA to 354. */
  readonly dataMs: number;
  /** For each block of content but the last to leave. */
  readonly contentMs: number;
  /** From the final dot to the reply. */
  readonly finalMs: number;
  /** From QUIT to its reply, and from a reply that ends the session to the server's end of the connection. */
  readonly quitMs: number;
};

export type Limit = { readonly awaited: string; readonly ms: number };

const LIMITS: Readonly<Record<Expectation, keyof Timeouts>> = {
  greeting: 'greetingMs',
  EHLO: 'ehloMs',
  HELO: 'ehloMs',
  STARTTLS: 'ehloMs',
  RSET: 'mailMs',
  MAIL: 'mailMs',
  RCPT: 'rcptMs',
  DATA: 'dataMs',
  content: 'finalMs',
  'lone-dot': 'finalMs',
  QUIT: 'quitMs',
};

/** What a dialog waits for, and how long it may; `undefined` where a session rests and waits for nothing. */
export function limitFor({ phase, expected }: DialogState, timeouts: Timeouts): Limit | undefined {
  const [command] = expected;
  if (command === 'greeting') return { awaited: command, ms: timeouts.greetingMs };
  if (command !== undefined) return { awaited: `reply to ${command}`, ms: timeouts[LIMITS[command]] };
  switch (phase.kind) {
    case 'handshake':
      return { awaited: 'TLS handshake', ms: timeouts.ehloMs };
    case 'sending':
      return { awaited: 'progress of the content', ms: timeouts.contentMs };
    case 'closed':
      return { awaited: 'end of the connection', ms: timeouts.quitMs };
    case 'opening':
    case 'ready':
    case 'clearing':
    case 'asking':
    case 'envelope':
    case 'completing':
    case 'leaving':
      return undefined;
  }
}

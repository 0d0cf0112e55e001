import type { Reply } from '@mxflow/domain';

import type { Capabilities } from './capabilities.ts';
import { lossOf, type Loss, type Outcome, type Stage } from './outcome.ts';

/** Whether STARTTLS (RFC 3207) is left alone, used where offered, or insisted on. */
export type TlsPolicy = 'disabled' | 'opportunistic' | 'required';

export type DialogSettings = {
  /** Our name in EHLO and HELO. */
  readonly heloName: string;
  readonly tlsPolicy: TlsPolicy;
  /** False for a server that was found to misbehave under PIPELINING: it is spoken to in lockstep. */
  readonly pipelining: boolean;
};

/** What the dialog must know of a message; it never sees the content itself. */
export type MessageFacts = {
  /** `null` is `<>` (RFC 5321 §4.5.5). */
  readonly reversePath: string | null;
  readonly forwardPath: string;
  /** Its headers or paths hold more than US-ASCII (RFC 6531). */
  readonly smtpUtf8: boolean;
  /** `undefined`: up to RCPT, then RSET. */
  readonly content: ContentFacts | undefined;
};

export type ContentFacts = { readonly sizeOctets: number; readonly sevenBit: boolean };

/** A command, or the greeting, that the server owes a reply to. */
export type Expectation =
  | 'greeting'
  | 'EHLO'
  | 'HELO'
  | 'STARTTLS'
  | 'RSET'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'content'
  | 'lone-dot'
  | 'QUIT';

/** How the message in hand stands while replies to its envelope come in. */
export type Standing =
  | { readonly kind: 'open' }
  | { readonly kind: 'refused'; readonly stage: Stage; readonly reply: Reply }
  | { readonly kind: 'verified'; readonly reply: Reply };

export type OpeningStage = 'greeting' | 'ehlo' | 'tls';

export type Phase =
  | { readonly kind: 'opening'; readonly stage: OpeningStage }
  /** STARTTLS got its 220; the caller shakes hands, and no octet of SMTP may come meanwhile. */
  | { readonly kind: 'handshake' }
  /** `needsReset`: a transaction is perhaps still open at the server; RSET goes before the next MAIL. */
  | { readonly kind: 'ready'; readonly needsReset: boolean }
  /** RSET goes ahead alone, since the server wants lockstep. */
  | { readonly kind: 'clearing'; readonly message: MessageFacts }
  /** All that is missing before MAIL is the caller's word that it may be sent now. */
  | { readonly kind: 'asking'; readonly message: MessageFacts; readonly needsReset: boolean }
  | {
      readonly kind: 'envelope';
      readonly message: MessageFacts;
      readonly standing: Standing;
      readonly recipients: number;
    }
  /** 354 came; no octet that could complete the content has been written. */
  | { readonly kind: 'sending' }
  /** Such an octet may be under way. */
  | { readonly kind: 'completing' }
  | { readonly kind: 'leaving' }
  | { readonly kind: 'closed' };

export type DialogState = {
  readonly settings: DialogSettings;
  readonly phase: Phase;
  /** In the order in which the commands went out, which is the order of their replies (RFC 2920 §3.2). */
  readonly expected: readonly Expectation[];
  readonly capabilities: Capabilities;
  readonly secured: boolean;
  /** Offered, allowed, and not yet found wanting on this session. */
  readonly pipelining: boolean;
};

/** How the connection goes: wait for the server's end, say QUIT and wait, or cut it off. */
export type CloseManner = 'await-peer' | 'quit' | 'reset';

export type DialogAction =
  /** One group of commands: one write. */
  | { readonly kind: 'write'; readonly text: string }
  /** May MAIL be sent now? The answer is the event `start`, in the same tick. */
  | { readonly kind: 'ask-to-start' }
  | { readonly kind: 'write-content' }
  | { readonly kind: 'start-tls' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'failed'; readonly stage: OpeningStage; readonly loss: Loss }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  /** The server did what no server that offers PIPELINING may; remember it. */
  | { readonly kind: 'misbehaved'; readonly detail: string }
  | { readonly kind: 'close'; readonly manner: CloseManner; readonly loss: Loss };

export type DialogStep = { readonly state: DialogState; readonly actions: readonly DialogAction[] };

export type ReplyClass = 'positive' | 'intermediate' | 'negative';

/** The first digit of a reply, as far as a client has to tell (RFC 5321 §4.2.1): 4 and 5 are both a no. */
export function classOf(reply: Reply): ReplyClass {
  if (reply.code < 300) return 'positive';
  return reply.code < 400 ? 'intermediate' : 'negative';
}

/** Writes one group; a reply is then owed for each command in it. */
export function write(state: DialogState, text: string, ...commands: readonly Expectation[]): DialogStep {
  return {
    state: { ...state, expected: [...state.expected, ...commands] },
    actions: [{ kind: 'write', text }],
  };
}

/** Ends the message in hand; the session stays open. */
export function settle(state: DialogState, outcome: Outcome, needsReset: boolean): DialogStep {
  return {
    state: { ...state, phase: { kind: 'ready', needsReset } },
    actions: [{ kind: 'outcome', outcome }],
  };
}

/** The server said something that it may not say here: the session cannot be trusted any further. */
export function violation(state: DialogState, detail: string, reply?: Reply): DialogStep {
  return breakOff(state, lossOf('protocol-error', detail, reply), 'reset');
}

/**
 * Ends the session, and with it whatever is in hand: what was being opened has failed, a message is unreachable, refused if its
 * refusal had come, and in doubt once its content may be complete.
 */
export function breakOff(state: DialogState, loss: Loss, manner: CloseManner): DialogStep {
  if (state.phase.kind === 'closed') return { state, actions: [] };
  const suspect = isSuspect(state, loss);
  return {
    state: { ...state, phase: { kind: 'closed' }, expected: [] },
    actions: [
      ...lossesIn(state.phase, loss),
      ...(suspect ? [{ kind: 'misbehaved', detail: loss.detail } as const] : []),
      { kind: 'close', manner, loss },
    ],
  };
}

/** A server that speaks out of turn, or answers the head of a group and not the rest, may lie about PIPELINING. */
function isSuspect({ pipelining, phase, expected }: DialogState, loss: Loss): boolean {
  if (!pipelining || phase.kind === 'opening') return false;
  const rest =
    phase.kind === 'envelope' && expected[0] !== 'RSET' && expected[0] !== 'MAIL' && expected[0] !== 'lone-dot';
  return loss.reason === 'protocol-error' || (loss.reason === 'timed-out' && rest);
}

function lossesIn(phase: Phase, loss: Loss): readonly DialogAction[] {
  switch (phase.kind) {
    case 'opening':
      return [{ kind: 'failed', stage: phase.stage, loss }];
    case 'handshake':
      return [{ kind: 'failed', stage: 'tls', loss }];
    case 'clearing':
    case 'asking':
      return [{ kind: 'outcome', outcome: { kind: 'unreachable', loss, mailSent: false } }];
    case 'envelope':
      return [{ kind: 'outcome', outcome: outcomeOf(phase.standing, loss) }];
    case 'sending':
      return [{ kind: 'outcome', outcome: { kind: 'unreachable', loss, mailSent: true } }];
    case 'completing':
      return [{ kind: 'outcome', outcome: { kind: 'in-doubt', loss } }];
    case 'ready':
    case 'leaving':
    case 'closed':
      return [];
  }
}

function outcomeOf(standing: Standing, loss: Loss): Outcome {
  return standing.kind === 'open' ? { kind: 'unreachable', loss, mailSent: true } : standing;
}

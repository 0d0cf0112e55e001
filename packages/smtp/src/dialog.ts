import type { Reply } from '@mxflow/domain';

import { NO_CAPABILITIES } from './capabilities.ts';
import {
  breakOff,
  violation,
  type DialogSettings,
  type DialogState,
  type DialogStep,
  type Expectation,
  type MessageFacts,
} from './dialog-state.ts';
import { answerHandshake, answerOpening } from './opening.ts';
import { lossOf, type Loss } from './outcome.ts';
import {
  answerClearing,
  answerContent,
  answerEarly,
  answerEnvelope,
  begin,
  complete,
  leave,
  start,
  type EnvelopeExchange,
} from './transaction.ts';

export type DialogEvent =
  /** `followedByMore`: octets behind this reply had arrived with it, before anything could be written in answer. */
  | { readonly kind: 'reply'; readonly reply: Reply; readonly followedByMore: boolean }
  | { readonly kind: 'secured' }
  | { readonly kind: 'message'; readonly message: MessageFacts }
  /** Answers `ask-to-start`. */
  | { readonly kind: 'start'; readonly allowed: boolean }
  /** Answers `write-content`, in the tick in which the octet that could complete the content is written, before it is. */
  | { readonly kind: 'completing' }
  | { readonly kind: 'quit' }
  /** The connection is gone, or not to be used any more. */
  | { readonly kind: 'lost'; readonly loss: Loss };

/** A dialog on a connection that is just open: the server owes a greeting. */
export function openDialog(settings: DialogSettings): DialogState {
  return {
    settings,
    phase: { kind: 'opening', stage: 'greeting' },
    expected: ['greeting'],
    capabilities: NO_CAPABILITIES,
    secured: false,
    pipelining: false,
  };
}

/**
 * One step of an SMTP client. Pure: sockets, time-outs and the TLS handshake are the caller's, who carries out the actions in
 * their order.
 *
 *     opening ─ ready ─ asking ─ envelope ─354─ sending ─ completing ─┐
 *        │       │ └──────────────┴── refused, verified ── ready ◄────┘
 *     handshake  leaving ─ closed          (closed also from everywhere, by 421, a loss or a violation)
 *
 * Each reply answers the oldest command that is owed one. A reply when none is owed, or one that was there before the command it
 * would answer could have been written, is a violation: the session ends.
 */
export function advanceDialog(state: DialogState, event: DialogEvent): DialogStep {
  if (state.phase.kind === 'closed') return { state, actions: [] };
  switch (event.kind) {
    case 'reply':
      return answer(state, event.reply, event.followedByMore);
    case 'secured':
      return answerHandshake(state);
    case 'message':
      return begin(state, event.message);
    case 'start':
      return start(state, event.allowed);
    case 'completing':
      return complete(state);
    case 'quit':
      return leave(state);
    case 'lost':
      return breakOff(state, event.loss, AWAITS_PEER.has(event.loss.reason) ? 'await-peer' : 'reset');
  }
}

/** Losses after which whoever caused them sees to the connection's end. */
const AWAITS_PEER: ReadonlySet<string> = new Set<Loss['reason']>(['closed-by-peer', 'aborted']);

function answer(state: DialogState, reply: Reply, followedByMore: boolean): DialogStep {
  const [command, ...expected] = state.expected;
  if (command === undefined) return answerUnasked(state, reply);
  const rest: DialogState = { ...state, expected };
  const step = answerExpected(rest, command, reply);
  const tooSoon = followedByMore && expected.length === 0 && step.actions.some(({ kind }) => SOLICITS.has(kind));
  return tooSoon ? violation(rest, `The server went on speaking after ${reply.code}`, reply) : step;
}

/** Actions whose effect the server answers: nothing of that answer can have come already. */
const SOLICITS: ReadonlySet<string> = new Set(['write', 'ask-to-start', 'write-content', 'start-tls']);

function answerExpected(state: DialogState, command: Expectation, reply: Reply): DialogStep {
  if (reply.code === 421 && command !== 'content') return serviceClosing(state, reply);
  switch (command) {
    case 'greeting':
    case 'EHLO':
    case 'HELO':
    case 'STARTTLS':
      return answerOpening(state, command, reply);
    case 'RSET':
      if (state.phase.kind === 'clearing') return answerClearing(state, state.phase.message, reply);
      return inEnvelope(state, { command, reply });
    case 'MAIL':
    case 'RCPT':
    case 'DATA':
    case 'lone-dot':
      return inEnvelope(state, { command, reply });
    case 'content':
      return answerContent(state, reply);
    case 'QUIT':
      return breakOff(state, lossOf('quit', 'QUIT was answered', reply), 'await-peer');
  }
}

function inEnvelope(state: DialogState, exchange: EnvelopeExchange): DialogStep {
  if (state.phase.kind !== 'envelope')
    throw new Error(`expected an envelope under ${exchange.command}, found ${state.phase.kind}`);
  return answerEnvelope(state, state.phase, exchange);
}

function answerUnasked(state: DialogState, reply: Reply): DialogStep {
  if (reply.code === 421) return serviceClosing(state, reply);
  if (state.phase.kind === 'sending') return answerEarly(state, reply);
  return violation(state, `${reply.code} answers no command`, reply);
}

function serviceClosing(state: DialogState, reply: Reply): DialogStep {
  return breakOff(state, lossOf('service-closing', 'The server answered 421', reply), 'await-peer');
}

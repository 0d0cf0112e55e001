import type { Reply } from '@mxflow/domain';

import {
  breakOff,
  classOf,
  settle,
  violation,
  write,
  type CloseManner,
  type DialogState,
  type DialogStep,
  type Expectation,
  type MessageFacts,
  type Phase,
} from './dialog-state.ts';
import { mailCommand, rcptCommand, refuseLocally } from './envelope.ts';
import { lossOf, type Outcome, type Stage } from './outcome.ts';

/** One command of an envelope, and what it was answered. */
export type EnvelopeExchange = {
  readonly command: 'RSET' | 'MAIL' | 'RCPT' | 'DATA' | 'lone-dot';
  readonly reply: Reply;
};

type Envelope = Extract<Phase, { kind: 'envelope' }>;

/** Takes a message in hand, or refuses it ourselves. Only a session that is ready can. */
export function begin(state: DialogState, message: MessageFacts): DialogStep {
  if (state.phase.kind !== 'ready') throw new Error(`expected a ready dialog, found ${state.phase.kind}`);
  const { needsReset } = state.phase;
  const reply = refuseLocally(message, state.capabilities);
  if (reply !== undefined) return settle(state, { kind: 'refused', stage: 'local', reply }, needsReset);
  if (needsReset && !state.pipelining)
    return write({ ...state, phase: { kind: 'clearing', message } }, 'RSET\r\n', 'RSET');
  return ask(state, message, needsReset);
}

/** Sends the envelope: in one group where the server offers PIPELINING, else MAIL alone (RFC 2920 §3.1). */
export function start(state: DialogState, allowed: boolean): DialogStep {
  if (state.phase.kind !== 'asking') throw new Error(`expected a dialog that asks, found ${state.phase.kind}`);
  const { message, needsReset } = state.phase;
  if (!allowed) return settle(state, { kind: 'withheld' }, needsReset);
  const begun: DialogState = {
    ...state,
    phase: { kind: 'envelope', message, standing: { kind: 'open' }, recipients: 0 },
  };
  const mail = mailCommand(message, state.capabilities);
  if (!state.pipelining) return write(begun, mail, 'MAIL');
  const group: readonly (readonly [string, Expectation])[] = [
    ...(needsReset ? [['RSET\r\n', 'RSET'] as const] : []),
    [mail, 'MAIL'],
    [rcptCommand(message), 'RCPT'],
    closing(message),
  ];
  return write(begun, group.map(([text]) => text).join(''), ...group.map(([, command]) => command));
}

/** Takes leave. Only a session that is ready can: nobody's reply is owed. */
export function leave(state: DialogState): DialogStep {
  if (state.phase.kind !== 'ready') throw new Error(`expected a ready dialog, found ${state.phase.kind}`);
  return write({ ...state, phase: { kind: 'leaving' } }, 'QUIT\r\n', 'QUIT');
}

/** The block that ends the content is about to be written: from here on the message is in doubt. */
export function complete(state: DialogState): DialogStep {
  if (state.phase.kind !== 'sending')
    throw new Error(`expected a dialog that sends content, found ${state.phase.kind}`);
  return {
    state: { ...state, phase: { kind: 'completing' }, expected: [...state.expected, 'content'] },
    actions: [],
  };
}

/** A reply while content is still under way: the rest cannot be sent any more, so the session ends with it. */
export function answerEarly(state: DialogState, reply: Reply): DialogStep {
  if (classOf(reply) !== 'negative') return violation(state, `${reply.code} came before the end of the content`, reply);
  return lastWord(state, { kind: 'refused', stage: 'content', reply }, 'reset');
}

/** The reply to the final dot: the only one that can make a message accepted. */
export function answerContent(state: DialogState, reply: Reply): DialogStep {
  const kind = classOf(reply);
  if (kind === 'intermediate') return violation(state, `The content was answered by ${reply.code}`, reply);
  if (kind === 'positive') return settle(state, { kind: 'accepted', reply }, false);
  const refused = { kind: 'refused', stage: 'content', reply } as const;
  return reply.code === 421 ? lastWord(state, refused, 'await-peer') : settle(state, refused, true);
}

/** RSET that goes ahead alone. */
export function answerClearing(state: DialogState, message: MessageFacts, reply: Reply): DialogStep {
  if (classOf(reply) !== 'positive') return violation(state, `RSET was answered by ${reply.code}`, reply);
  return ask(state, message, false);
}

/**
 * A reply to RSET, MAIL, RCPT, DATA or a lone dot. In a group all replies are awaited before the message is settled, since the
 * server owes them and the next message must not read them. Content follows only on 2yz, 2yz and 354.
 */
export function answerEnvelope(state: DialogState, phase: Envelope, { command, reply }: EnvelopeExchange): DialogStep {
  const kind = classOf(reply);
  if (kind === 'intermediate' && !(command === 'DATA' && reply.code === 354)) {
    return violation(state, `${command} was answered by ${reply.code}`, reply);
  }
  switch (command) {
    case 'RSET':
      if (kind !== 'positive') return violation(state, `RSET was answered by ${reply.code}`, reply);
      return advance(state, phase, command);
    case 'MAIL':
      return advance(state, kind === 'positive' ? phase : refuse(phase, 'MAIL', reply), command);
    case 'RCPT':
      return advance(state, kind === 'positive' ? accept(phase, reply) : refuse(phase, 'RCPT', reply), command);
    case 'DATA':
      if (kind === 'positive') return violation(state, `DATA was answered by ${reply.code}`, reply);
      return kind === 'intermediate'
        ? sendContent(state, phase, reply)
        : advance(state, refuse(phase, 'DATA', reply), command);
    case 'lone-dot':
      return kind === 'positive' ? distrust(state, phase) : advance(state, phase, command);
  }
}

/** Goes on to the next command, once no reply of the group is owed any more. */
function advance(state: DialogState, phase: Envelope, answered: Expectation): DialogStep {
  const next: DialogState = { ...state, phase };
  if (state.expected.length > 0) return { state: next, actions: [] };
  const { message, standing } = phase;
  if (standing.kind === 'refused') {
    return settle(next, standing, answered !== 'RSET' && (standing.stage !== 'MAIL' || phase.recipients > 0));
  }
  if (answered === 'MAIL') return write(next, rcptCommand(message), 'RCPT');
  if (answered === 'RCPT') {
    const [text, command] = closing(message);
    return write(next, text, command);
  }
  if (standing.kind === 'verified') return settle(next, standing, false);
  throw new Error(`expected a command after ${answered}, found none`);
}

/** 354. With nobody to receive it there is no content: a lone dot ends what the server began (RFC 2920 §3.1). */
function sendContent(state: DialogState, phase: Envelope, reply: Reply): DialogStep {
  if (phase.standing.kind === 'open' && phase.recipients > 0) {
    return {
      state: { ...state, phase: { kind: 'sending' } },
      actions: [{ kind: 'write-content' }],
    };
  }
  // MAIL refused, yet RCPT accepted: a dot might deliver an empty message to it.
  if (phase.recipients > 0) return violation({ ...state, phase }, '354 came for a refused MAIL', reply);
  return write({ ...state, phase }, '.\r\n', 'lone-dot');
}

/** An empty content without a recipient was accepted: from here on this server gets one command at a time. */
function distrust(state: DialogState, phase: Envelope): DialogStep {
  const { state: next, actions } = advance({ ...state, pipelining: false }, phase, 'lone-dot');
  return {
    state: next,
    actions: [{ kind: 'misbehaved', detail: 'A content without recipients was accepted' }, ...actions],
  };
}

function ask(state: DialogState, message: MessageFacts, needsReset: boolean): DialogStep {
  return {
    state: { ...state, phase: { kind: 'asking', message, needsReset } },
    actions: [{ kind: 'ask-to-start' }],
  };
}

/** What follows RCPT: DATA, or for a message that is only verified RSET. */
function closing(message: MessageFacts): readonly [string, Expectation] {
  return message.content === undefined ? ['RSET\r\n', 'RSET'] : ['DATA\r\n', 'DATA'];
}

function accept(phase: Envelope, reply: Reply): Envelope {
  const verified = phase.message.content === undefined && phase.standing.kind === 'open';
  return {
    ...phase,
    recipients: phase.recipients + 1,
    standing: verified ? { kind: 'verified', reply } : phase.standing,
  };
}

/** The first refusal is the one that tells; those that follow in a group follow from it. */
function refuse(phase: Envelope, stage: Stage, reply: Reply): Envelope {
  return phase.standing.kind === 'open' ? { ...phase, standing: { kind: 'refused', stage, reply } } : phase;
}

/** A refusal of the content that ends the session too. */
function lastWord(state: DialogState, outcome: Extract<Outcome, { kind: 'refused' }>, manner: CloseManner): DialogStep {
  const settled = settle(state, outcome, true);
  const reason = outcome.reply.code === 421 ? 'service-closing' : 'refused';
  const closed = breakOff(
    settled.state,
    lossOf(reason, `The server answered ${outcome.reply.code}`, outcome.reply),
    manner,
  );
  return { ...closed, actions: [...settled.actions, ...closed.actions] };
}

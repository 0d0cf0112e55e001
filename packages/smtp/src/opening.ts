import type { Reply } from '@mxflow/domain';

import { NO_CAPABILITIES, parseCapabilities } from './capabilities.ts';
import {
  breakOff,
  classOf,
  violation,
  write,
  type DialogState,
  type DialogStep,
  type OpeningStage,
} from './dialog-state.ts';
import { lossOf } from './outcome.ts';

/**
 * From the greeting to a session that takes messages:
 *
 *     greeting ─2yz─ EHLO ─2yz─┬─────────────────────────────────────── ready
 *                     │        └ STARTTLS ─220─ handshake ─ EHLO ─2yz──── ready
 *                     │              └ no, and TLS is not required ────── ready
 *                     └ 5yz, in clear ─ HELO ─2yz, TLS not required ───── ready
 *
 * Whatever else comes fails the opening.
 */
export function answerOpening(
  state: DialogState,
  command: 'greeting' | 'EHLO' | 'HELO' | 'STARTTLS',
  reply: Reply,
): DialogStep {
  const kind = classOf(reply);
  if (kind === 'intermediate') return violation(state, `${command} was answered by ${reply.code}`, reply);
  switch (command) {
    case 'greeting':
      return kind === 'positive' ? sayEhlo(state) : refused(state, reply);
    case 'EHLO':
      return kind === 'positive' ? weighTls({ ...state, ...learned(state, reply) }) : sayHelo(state, reply);
    case 'HELO':
      return kind === 'positive' ? weighTls({ ...state, capabilities: NO_CAPABILITIES }) : refused(state, reply);
    case 'STARTTLS':
      if (kind === 'positive') {
        return {
          state: { ...state, phase: { kind: 'handshake' } },
          actions: [{ kind: 'start-tls' }],
        };
      }
      return state.settings.tlsPolicy === 'required' ? refused(state, reply) : ready(state);
  }
}

/** The handshake is done: all that was said in clear is forgotten, and EHLO said again (RFC 3207 §4.2). */
export function answerHandshake(state: DialogState): DialogStep {
  if (state.phase.kind !== 'handshake') return { state, actions: [] };
  return sayEhlo({ ...state, secured: true, capabilities: NO_CAPABILITIES, pipelining: false });
}

function sayEhlo(state: DialogState): DialogStep {
  return write(inStage(state, 'ehlo'), `EHLO ${state.settings.heloName}\r\n`, 'EHLO');
}

function sayHelo(state: DialogState, reply: Reply): DialogStep {
  if (state.secured || reply.code < 500) return refused(state, reply);
  return write(state, `HELO ${state.settings.heloName}\r\n`, 'HELO');
}

function weighTls(state: DialogState): DialogStep {
  const { tlsPolicy } = state.settings;
  if (state.secured || tlsPolicy === 'disabled') return ready(state);
  if (state.capabilities.startTls) return write(inStage(state, 'tls'), 'STARTTLS\r\n', 'STARTTLS');
  if (tlsPolicy === 'opportunistic') return ready(state);
  return breakOff(inStage(state, 'tls'), lossOf('tls-not-offered', 'STARTTLS is not offered'), 'quit');
}

function learned(state: DialogState, reply: Reply): Pick<DialogState, 'capabilities' | 'pipelining'> {
  const capabilities = parseCapabilities(reply);
  return { capabilities, pipelining: capabilities.pipelining && state.settings.pipelining };
}

function ready(state: DialogState): DialogStep {
  return {
    state: { ...state, phase: { kind: 'ready', needsReset: false } },
    actions: [{ kind: 'opened' }],
  };
}

function refused(state: DialogState, reply: Reply): DialogStep {
  return breakOff(state, lossOf('refused', `The server answered ${reply.code}`, reply), 'quit');
}

function inStage(state: DialogState, stage: OpeningStage): DialogState {
  return { ...state, phase: { kind: 'opening', stage } };
}

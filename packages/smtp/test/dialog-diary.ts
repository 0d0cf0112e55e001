import type { Reply } from '@mxflow/domain';

import type { DialogAction, DialogSettings, DialogState, MessageFacts } from '../src/dialog-state.ts';
import { advanceDialog, openDialog, type DialogEvent } from '../src/dialog.ts';
import { lossOf, type Outcome } from '../src/outcome.ts';

const settings: DialogSettings = { heloName: 'out.example', tlsPolicy: 'disabled', pipelining: true };
export const message: MessageFacts = {
  reversePath: 's@out.example',
  forwardPath: 'r@in.example',
  smtpUtf8: false,
  content: { sizeOctets: 10, sevenBit: true },
};
export const gone: DialogEvent = { kind: 'lost', loss: lossOf('closed-by-peer', 'gone') };
export const silent: DialogEvent = { kind: 'lost', loss: lossOf('timed-out', 'silent') };
export const send: DialogEvent = { kind: 'message', message };
export const verify: DialogEvent = { kind: 'message', message: { ...message, content: undefined } };
export const secured: DialogEvent = { kind: 'secured' };
export const quit: DialogEvent = { kind: 'quit' };

/** A line of the diary for each action, as `dialog` took it. */
function line(action: DialogAction): string {
  switch (action.kind) {
    case 'write':
      return action.text.trimEnd().replaceAll('\r\n', ' | ');
    case 'outcome':
      return describe(action.outcome);
    case 'failed':
      return `failed ${action.stage} ${action.loss.reason}`;
    case 'close':
      return `close ${action.manner} ${action.loss.reason}`;
    case 'ask-to-start':
    case 'write-content':
    case 'start-tls':
    case 'opened':
    case 'misbehaved':
      return action.kind;
  }
}

function describe(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'accepted':
    case 'verified':
      return `${outcome.kind} ${outcome.reply.code}`;
    case 'refused':
      return `refused ${outcome.stage} ${outcome.reply.code}`;
    case 'withheld':
      return 'withheld';
    case 'unreachable':
      return `unreachable ${outcome.loss.reason}`;
    case 'in-doubt':
      return `in-doubt ${outcome.loss.reason}`;
  }
}

/** `250` is a reply, `250…` one that has more octets behind it, `250 A B` an EHLO reply with keywords. */
function toEvent(step: string | DialogEvent): DialogEvent {
  if (typeof step !== 'string') return step;
  const [code = '', ...keywords] = step.replace('…', '').split(' ');
  const reply: Reply = { code: Number(code), enhanced: undefined, lines: ['x', ...keywords] };
  return { kind: 'reply', reply, followedByMore: step.includes('…') };
}

/** Plays a script; the caller's answers to `ask-to-start` and `write-content` come by themselves unless `byHand`. */
export function play(
  script: readonly (string | DialogEvent)[],
  own: Partial<DialogSettings> = {},
  byHand = false,
): string[] {
  const diary: string[] = [];
  let state: DialogState = openDialog({ ...settings, ...own });
  const take = (event: DialogEvent): void => {
    const step = advanceDialog(state, event);
    state = step.state;
    for (const action of step.actions) {
      diary.push(line(action));
      if (byHand) continue;
      if (action.kind === 'ask-to-start') take({ kind: 'start', allowed: true });
      if (action.kind === 'write-content') take({ kind: 'completing' });
    }
  };
  for (const step of script) take(toEvent(step));
  return diary.filter((entry) => entry !== 'ask-to-start' || byHand);
}

export type Row = readonly [
  name: string,
  script: readonly (string | DialogEvent)[],
  diary: readonly string[],
  own?: Partial<DialogSettings>,
];

export const EHLO = 'EHLO out.example';
export const MAIL = 'MAIL FROM:<s@out.example>';
export const RCPT = 'RCPT TO:<r@in.example>';

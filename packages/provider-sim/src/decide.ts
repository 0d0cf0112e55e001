import type { Behaviour, Fault, RecipientRule, Selector, Stage } from './behaviour.ts';
import { reply, type Answer } from './answer.ts';
import { drawOf } from './seeded-draw.ts';
import { worded } from './worded.ts';

/** What a provider knows from earlier attempts, as the decisions may read it. */
export type Memory = {
  /** How often a key was noted. */
  timesNoted(key: string): number;
  /** When a greylisting triplet was first seen. */
  firstSeenAtMs(triplet: string): number | undefined;
};

/** What is to be written into the memory once the decision is carried out. */
export type Note =
  | { readonly kind: 'count'; readonly key: string }
  | { readonly kind: 'first-seen'; readonly triplet: string };

export type Decision = { readonly answer: Answer; readonly notes: readonly Note[] };

/** Where the client and the server stand; the same for all decisions of a connection. */
export type Setting = {
  readonly behaviour: Behaviour;
  readonly seed: number;
  readonly source: string;
  readonly host: string;
  readonly memory: Memory;
};

/** The answer to a new connection. `openFromSource` counts this one. */
export function decideGreeting(setting: Setting, openFromSource: number): Answer {
  const limit = setting.behaviour.connectionsPerSource;
  if (limit !== undefined && openFromSource > limit.max) {
    return { ...worded(setting, { wording: 'too-many-connections', address: '', replyClass: 'any' }), close: true };
  }
  return reply(220, [`${setting.host} ESMTP`]);
}

/** The answer to MAIL. Both counts include this one. */
export function decideMail(setting: Setting, mailsOnConnection: number, mailsInWindow: number): Answer {
  const { messagesPerConnection, messagesPerWindow } = setting.behaviour;
  if (messagesPerConnection?.ending === '421' && mailsOnConnection > messagesPerConnection.max) {
    return {
      ...reply(421, ['4.7.0 Too many messages on this connection, closing it']),
      close: true,
    };
  }
  if (messagesPerWindow !== undefined && mailsInWindow > messagesPerWindow.max) {
    const throttled = worded(setting, { wording: 'throttled', address: '', replyClass: 'transient' });
    return { ...throttled, close: throttled.code === 421 };
  }
  return reply(250, ['2.1.0 Ok']);
}

/** True when the connection ends without a word after this many contents. */
export function closesAfter(behaviour: Behaviour, mailsOnConnection: number): boolean {
  const limit = behaviour.messagesPerConnection;
  return limit?.ending === 'close' && mailsOnConnection >= limit.max;
}

/** The answer to one RCPT: the first rule that applies, else greylisting, else 250. */
export function decideRecipient(
  setting: Setting,
  envelope: { readonly reversePath: string; readonly forwardPath: string; readonly nowMs: number },
): Decision {
  const ruled = decideByRules(setting, envelope.forwardPath, 'rcpt');
  return ruled ?? decideByGreylist(setting, envelope) ?? { answer: reply(250, ['2.1.5 Ok']), notes: [] };
}

/** The answer to a whole content: the first rule that applies to any of its forward-paths, else 250. */
export function decideContent(setting: Setting, forwardPaths: readonly string[], id: string): Decision {
  for (const forwardPath of forwardPaths) {
    const ruled = decideByRules(setting, forwardPath, 'content');
    if (ruled !== undefined) return ruled;
  }
  return { answer: reply(250, [`2.0.0 Ok: queued as ${id}`]), notes: [] };
}

function decideByRules(setting: Setting, forwardPath: string, stage: 'rcpt' | 'content'): Decision | undefined {
  for (const [index, rule] of (setting.behaviour.recipients ?? []).entries()) {
    const { does } = rule;
    if (does.kind !== 'refuse' && does.kind !== 'defer') continue;
    if ((does.at ?? 'rcpt') !== stage || !selects(setting.seed, namedRule(rule, index), forwardPath)) continue;
    if (does.kind === 'refuse') {
      return {
        answer: worded(setting, { wording: does.reply, address: forwardPath, replyClass: 'permanent' }),
        notes: [],
      };
    }
    const key = `${namedRule(rule, index).name}\u0000${forwardPath.toLowerCase()}`;
    if (setting.memory.timesNoted(key) < (does.times ?? 1)) {
      const said = worded(setting, { wording: does.reply, address: forwardPath, replyClass: 'transient' });
      return { answer: { ...said, close: said.code === 421 }, notes: [{ kind: 'count', key }] };
    }
  }
  return undefined;
}

function decideByGreylist(
  setting: Setting,
  envelope: { readonly reversePath: string; readonly forwardPath: string; readonly nowMs: number },
): Decision | undefined {
  const { greylistMs, greylistPer } = setting.behaviour;
  if (greylistMs === undefined) return undefined;
  const client = greylistPer === 'network' ? setting.source.replace(/\.\d+$/, '') : setting.source;
  const triplet = [client, envelope.reversePath, envelope.forwardPath.toLowerCase()].join('\u0000');
  const firstSeenAtMs = setting.memory.firstSeenAtMs(triplet);
  if (firstSeenAtMs !== undefined && envelope.nowMs - firstSeenAtMs >= greylistMs) return undefined;
  return {
    answer: worded(setting, { wording: 'greylisted', address: envelope.forwardPath, replyClass: 'transient' }),
    notes: firstSeenAtMs === undefined ? [{ kind: 'first-seen', triplet }] : [],
  };
}

/** A rule of the `…-later` kinds that applies to an accepted recipient. */
export function laterRule(behaviour: Behaviour, seed: number, forwardPath: string): LaterTreatment | undefined {
  for (const [index, rule] of (behaviour.recipients ?? []).entries()) {
    const { does } = rule;
    if (does.kind !== 'bounce-later' && does.kind !== 'complain-later') continue;
    if (selects(seed, namedRule(rule, index), forwardPath)) return does;
  }
  return undefined;
}
export type LaterTreatment = Extract<RecipientRule['does'], { kind: 'bounce-later' | 'complain-later' }>;

/** The fault that strikes at a stage, if any, and the note that it struck. `key` is what its draw hangs on. */
export function faultAt(setting: Setting, stage: Stage, key: string): { fault: Fault; note: Note } | undefined {
  const { faults } = setting.behaviour;
  if (faults === undefined) return undefined;
  for (const [index, fault] of faults.entries()) {
    if (fault.at !== stage) continue;
    if (fault.share !== undefined && drawOf(setting.seed, `fault ${index}`, key) >= fault.share) continue;
    const counter = `fault ${index} ${stage}`;
    if (fault.times !== undefined && setting.memory.timesNoted(counter) >= fault.times) continue;
    return { fault, note: { kind: 'count', key: counter } };
  }
  return undefined;
}

/** What a fault does, as an answer. */
export function answerOfFault({ does }: Fault): Answer {
  switch (does) {
    case 'silence':
    case 'close':
    case 'reset':
      return { kind: does };
    default:
      return { ...reply(does.code, does.lines), close: does.close ?? does.code === 421 };
  }
}

type NamedSelector = { readonly name: string; readonly who: Selector };

function namedRule({ name, who }: RecipientRule, index: number): NamedSelector {
  return { name: name ?? `rule ${index}`, who };
}

function selects(seed: number, { name, who }: NamedSelector, forwardPath: string): boolean {
  if (who === 'everyone') return true;
  const address = forwardPath.toLowerCase();
  if ('share' in who) return drawOf(seed, name, address) < who.share;
  if ('addresses' in who) return who.addresses.some((one) => one.toLowerCase() === address);
  return maskMatches(who.local, address.slice(0, Math.max(address.lastIndexOf('@'), 0)));
}

const compiledMasks = new Map<string, RegExp>();

function maskMatches(mask: string, text: string): boolean {
  let pattern = compiledMasks.get(mask);
  if (pattern === undefined) {
    const escaped = mask
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    pattern = new RegExp(`^${escaped}$`, 'is');
    compiledMasks.set(mask, pattern);
  }
  return pattern.test(text);
}

import type { AnyMessage, Message } from '@mxflow/contracts';
import type { MessageId, Reply } from '@mxflow/domain';
import type { Outcome } from '@mxflow/smtp';

/** An outcome as it travels to where it is recorded. */
export type OutcomeMessage = Extract<
  AnyMessage,
  { readonly key: 'delivery.sent.v1' | 'delivery.deferred.v1' | 'delivery.failed.v1' }
>;

/** Who was asked, by whom, when. */
export type AttemptFacts = {
  readonly messageId: MessageId;
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly mxHost?: string;
  readonly mxIp?: string;
  readonly source?: number;
};

/** What the worker does with a message after what a session told about it. */
export type Decision =
  /** To be recorded: the attempt is used up. */
  | { readonly kind: 'record'; readonly outcome: OutcomeMessage }
  /** Nothing about the message was learnt: it goes back, and the attempt is not used up. */
  | { readonly kind: 'give-back'; readonly because: string };

/**
 * Decides what a session's outcome means for the message. A session that ends before the content is the session's
 * failure, not the message's, so that the message goes back; unless it was caught so before, when it may be the cause.
 *
 * @param lostBefore how often this attempt has gone back already.
 */
export function decideOutcome(outcome: Outcome, facts: AttemptFacts, lostBefore: number): Decision {
  switch (outcome.kind) {
    case 'accepted':
    case 'verified':
      return { kind: 'record', outcome: sent(facts, outcome.reply) };
    case 'refused':
      return { kind: 'record', outcome: refused(facts, outcome.reply) };
    case 'withheld':
      return { kind: 'give-back', because: 'grant expired' };
    case 'unreachable':
      if (!outcome.mailSent || lostBefore < MAX_LOSSES) return { kind: 'give-back', because: outcome.loss.detail };
      return { kind: 'record', outcome: unreachable(facts, lossText(outcome.loss)) };
    case 'in-doubt':
      return { kind: 'record', outcome: inDoubt(facts, lossText(outcome.loss)) };
  }
}

/** Sessions that one attempt may lose before the attempt itself counts as failed. */
const MAX_LOSSES = 2;

export function sent(facts: AttemptFacts, reply: Reply): OutcomeMessage {
  return { key: 'delivery.sent.v1', body: { ...facts, reply: replyShape(reply) } };
}

export function refused(facts: AttemptFacts, reply: Reply): OutcomeMessage {
  const result = { kind: 'refused' as const, reply: replyShape(reply) };
  return reply.code >= 500
    ? { key: 'delivery.failed.v1', body: { ...facts, result } }
    : { key: 'delivery.deferred.v1', body: { ...facts, result } };
}

export function unsendable(facts: AttemptFacts, because: string): OutcomeMessage {
  return { key: 'delivery.failed.v1', body: { ...facts, result: { kind: 'unsendable', because: bounded(because) } } };
}

export function invalidDomain(facts: AttemptFacts, domain: string): OutcomeMessage {
  // The wording that operators and bounce rules know.
  const because = `DNS query failed for '${domain}'`;
  return { key: 'delivery.deferred.v1', body: { ...facts, result: { kind: 'invalid-domain', because } } };
}

/** A domain rule says that the domain takes no mail: nobody was asked. */
export function barredDomain(facts: AttemptFacts, domain: string, rule: string): OutcomeMessage {
  const because = `domain rule '${rule}': the domain '${domain}' does not accept mail`;
  return { key: 'delivery.deferred.v1', body: { ...facts, result: { kind: 'invalid-domain', because } } };
}

export function unreachable(facts: AttemptFacts, because: string): OutcomeMessage {
  return {
    key: 'delivery.deferred.v1',
    body: { ...facts, result: { kind: 'unreachable', because: bounded(because) } },
  };
}

function inDoubt(facts: AttemptFacts, because: string): OutcomeMessage {
  return { key: 'delivery.deferred.v1', body: { ...facts, result: { kind: 'in-doubt', because: bounded(because) } } };
}

function lossText(loss: { readonly detail: string; readonly reply: Reply | undefined }): string {
  return loss.reply === undefined ? loss.detail : `${loss.reply.code} ${loss.reply.lines.join(' ')}`;
}

/** Lines and octets of a reply that travel on and are logged; the rest is cut. */
const MAX_LINES = 20;
const MAX_TEXT = 2000;

function replyShape(reply: Reply): Message<'delivery.sent.v1'>['reply'] {
  return {
    code: reply.code,
    ...(reply.enhanced === undefined ? {} : { enhanced: reply.enhanced }),
    lines: reply.lines.slice(0, MAX_LINES).map((line) => line.slice(0, MAX_TEXT)),
  };
}

function bounded(text: string): string {
  return text.slice(0, MAX_TEXT);
}

import type { AnyMessage, Message } from '@mxflow/contracts';
import type { RecordedOutcome, RetryTerms } from '@mxflow/db';
import {
  classifyFailure,
  disposeOf,
  isGreylisting,
  nextAttemptAt,
  replyText,
  siteVerdict,
  type AttemptResult,
  type EnhancedStatus,
  type MessageId,
  type Reply,
} from '@mxflow/domain';

/** An outcome as the worker reports it. */
export type OutcomeMessage = Extract<
  AnyMessage,
  { readonly key: 'delivery.sent.v1' | 'delivery.deferred.v1' | 'delivery.failed.v1' }
>;

/** What deciding the record of an outcome needs besides the outcome. */
export type RecordContext = {
  /** The job's terms; without them (the job is gone) nothing is tried again. */
  readonly terms: RetryTerms | undefined;
  /** Milliseconds since the epoch, by the database's clock. */
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly jitter: number;
};

/** Decides what is recorded of an attempt: its status, the next attempt where there is one, and why it failed. Pure. */
export function recordOf(message: OutcomeMessage, context: RecordContext): RecordedOutcome {
  const result = resultOf(message);
  const facts = factsOf(message, result);
  switch (disposeOf(result)) {
    case 'complete':
      return { ...facts, status: 'sent' };
    case 'fail':
      return { ...facts, ...failureOf(result), status: 'failed' };
    case 'retry': {
      const greylisted = result.kind === 'refused' && isGreylisting(result.reply);
      const dueAt = dueAtOf(message.body.attempt, greylisted, context);
      if (dueAt === undefined) return { ...facts, ...failureOf(result), status: 'expired' };
      const waitReason = greylisted ? 'greylisted' : 'retry';
      return { ...facts, ...failureOf(result), status: 'deferred', dueAt, waitReason };
    }
  }
}

function dueAtOf(attempts: number, greylisted: boolean, { terms, now, jitter }: RecordContext): number | undefined {
  if (terms === undefined) return undefined;
  const { retry: schedule, validUntil } = terms;
  return nextAttemptAt({ schedule, validUntil, now, attempts, greylisted, jitter });
}

function resultOf(message: OutcomeMessage): AttemptResult {
  switch (message.key) {
    case 'delivery.sent.v1':
      return { kind: 'accepted' };
    case 'delivery.deferred.v1':
    case 'delivery.failed.v1': {
      const { result } = message.body;
      return result.kind === 'refused' ? { kind: 'refused', reply: replyOf(result.reply) } : { kind: result.kind };
    }
  }
}

function factsOf(message: OutcomeMessage, result: AttemptResult): Omit<RecordedOutcome, 'status'> {
  const { messageId, attempt, mxHost, mxIp, source } = message.body;
  const reply = replyFactsOf(message);
  return {
    messageId: messageId as MessageId,
    attempt,
    inDoubt: result.kind === 'in-doubt',
    ...verdictOf(message, result),
    ...reply,
    ...(mxHost === undefined ? {} : { mxHost }),
    ...(mxIp === undefined ? {} : { mxIp }),
    ...(source === undefined ? {} : { source }),
  };
}

/** What came from no MX host (simulated, not composed, no such domain) says nothing about a site. */
function verdictOf({ body }: OutcomeMessage, result: AttemptResult): Pick<RecordedOutcome, 'siteVerdict'> {
  const verdict = siteVerdict(result, classifyFailure(result));
  return verdict === undefined || body.mxHost === undefined ? {} : { siteVerdict: verdict };
}

function replyFactsOf(message: OutcomeMessage): Pick<RecordedOutcome, 'reply' | 'replyCode' | 'enhancedStatus'> {
  const shape = message.key === 'delivery.sent.v1' ? message.body.reply : refusalOf(message.body.result);
  if (typeof shape === 'string') return { reply: shape };
  const reply = replyOf(shape);
  const status = reply.enhanced === undefined ? {} : { enhancedStatus: reply.enhanced };
  return { reply: replyText(reply), replyCode: reply.code, ...status };
}

type FailureResult = Message<'delivery.deferred.v1'>['result'] | Message<'delivery.failed.v1'>['result'];

function refusalOf(result: FailureResult): Message<'delivery.sent.v1'>['reply'] | string {
  return result.kind === 'refused' ? result.reply : result.because;
}

function failureOf(result: AttemptResult): Pick<RecordedOutcome, 'failureType' | 'failureReason'> {
  const { type, reason } = classifyFailure(result);
  return { failureType: type, failureReason: reason };
}

function replyOf(shape: Message<'delivery.sent.v1'>['reply']): Reply {
  return { code: shape.code, enhanced: shape.enhanced as EnhancedStatus | undefined, lines: shape.lines };
}

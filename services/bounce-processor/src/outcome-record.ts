import type { ClassifiedReply } from '@mxflow/bounce';
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
  type Disposition,
  type EnhancedStatus,
  type FailureDetail,
  type FailureReason,
  type FailureType,
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
  /** Reads a text by the bounce rules in force. */
  readonly classify: (text: string, mxHost: string | undefined) => ClassifiedReply;
};

/** What is recorded of an attempt, and the decision on its text where the bounce rules were asked. */
export type OutcomeRecord = { readonly record: RecordedOutcome; readonly decision?: ClassifiedReply };

/**
 * Decides what is recorded of an attempt: its status, the next attempt where there is one, and why it failed. Pure.
 *
 * Why and what next are two questions: the text gives the reason, while the class of the reply decides whether the
 * message is tried again. Only a failure that is known to be for good stops what would be retried.
 */
export function recordOf(message: OutcomeMessage, context: RecordContext): OutcomeRecord {
  const result = resultOf(message);
  if (result.kind === 'accepted') return { record: { ...factsOf(message, result), status: 'sent' } };
  const { failure, decision } = failureOf(message, result, context);
  const facts = { ...factsOf(message, result), ...verdictOf(message, result, failure), ...failure };
  return {
    record: { ...facts, ...standingOf(message, { result, failure, context }) },
    ...(decision === undefined ? {} : { decision }),
  };
}

type Failure = {
  readonly failureType: FailureType;
  readonly failureReason: FailureReason;
  readonly failureDetail: FailureDetail;
  readonly rule?: string;
};

function standingOf(
  message: OutcomeMessage,
  { result, failure, context }: { result: AttemptResult; failure: Failure; context: RecordContext },
): Pick<RecordedOutcome, 'status' | 'dueAt' | 'waitReason'> {
  switch (dispositionOf(result, failure)) {
    case 'complete':
      return { status: 'sent' };
    case 'fail':
      return { status: 'failed' };
    case 'retry': {
      const greylisted =
        result.kind === 'refused' && (isGreylisting(result.reply) || failure.failureDetail === 'greylisted');
      const dueAt = dueAtOf(message.body.attempt, greylisted, context);
      if (dueAt === undefined) return { status: 'expired' };
      return { status: 'deferred', dueAt, waitReason: greylisted ? 'greylisted' : 'retry' };
    }
  }
}

function dispositionOf(result: AttemptResult, { failureType }: Failure): Disposition {
  const disposition = disposeOf(result);
  return disposition === 'retry' && failureType === 'hard' && result.kind !== 'in-doubt' ? 'fail' : disposition;
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
  const taken = result.kind === 'accepted' && mxHost !== undefined;
  return {
    messageId: messageId as MessageId,
    attempt,
    inDoubt: result.kind === 'in-doubt',
    ...(taken ? { siteVerdict: 'taken' } : {}),
    ...reply,
    ...(mxHost === undefined ? {} : { mxHost }),
    ...(mxIp === undefined ? {} : { mxIp }),
    ...(source === undefined ? {} : { source }),
  };
}

/** What came from no MX host (simulated, not composed, no such domain) says nothing about a site. */
function verdictOf(
  { body }: OutcomeMessage,
  result: AttemptResult,
  { failureType: type, failureReason: reason }: Failure,
): Pick<RecordedOutcome, 'siteVerdict'> {
  const verdict = siteVerdict(result, { type, reason });
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

/** What is known without a text: our own words for what no server said. */
const OWN_DETAIL = {
  unreachable: 'network',
  'in-doubt': 'network',
  'invalid-domain': 'host-unknown',
  unsendable: 'unclear',
} as const satisfies Record<Exclude<AttemptResult['kind'], 'accepted' | 'refused'>, FailureDetail>;

/** Why an attempt failed: by the bounce rules where a server spoke, or where our own text is one that they know. */
function failureOf(
  message: OutcomeMessage,
  result: Exclude<AttemptResult, { readonly kind: 'accepted' }>,
  { classify }: RecordContext,
): { readonly failure: Failure; readonly decision?: ClassifiedReply } {
  const { mxHost } = message.body;
  const { reply = '' } = replyFactsOf(message);
  switch (result.kind) {
    case 'refused': {
      const decision = classify(reply, mxHost);
      return { failure: failureBy(decision), decision };
    }
    case 'invalid-domain': {
      const decision = classify(reply, mxHost);
      if (decision.because.kind === 'rule') return { failure: failureBy(decision), decision };
      return { failure: ownFailure(result) };
    }
    case 'unreachable':
    case 'in-doubt':
    case 'unsendable':
      return { failure: ownFailure(result) };
  }
}

function failureBy({ type, reason, detail, because }: ClassifiedReply): Failure {
  const failure = { failureType: type, failureReason: reason, failureDetail: detail };
  return because.kind === 'rule' ? { ...failure, rule: because.rule } : failure;
}

function ownFailure(result: Exclude<AttemptResult, { readonly kind: 'accepted' | 'refused' }>): Failure {
  const { type, reason } = classifyFailure(result);
  return { failureType: type, failureReason: reason, failureDetail: OWN_DETAIL[result.kind] };
}

function replyOf(shape: Message<'delivery.sent.v1'>['reply']): Reply {
  return { code: shape.code, enhanced: shape.enhanced as EnhancedStatus | undefined, lines: shape.lines };
}

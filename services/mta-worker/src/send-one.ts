import type { Session } from '@mxflow/smtp';
import { traceFromTraceparent, withSpan } from '@mxflow/telemetry';
import { decideOutcome, unsendable, type AttemptFacts, type OutcomeMessage } from './attempt-outcome.ts';
import type { WorkerEvents } from './events.ts';
import type { JobCache } from './job-cache.ts';
import type { ClaimedWork } from './lane-message.ts';
import type { OpenedSession } from './open-session.ts';
import type { OutcomeDesk } from './outcome-desk.ts';
import type { Path } from './path.ts';
import type { HowParked, PutBack } from './put-back.ts';

/** What sending one message meant for its connection. */
export type Sent = {
  /** Something about the message was learnt: the connection proved useful. */
  readonly useful: boolean;
  /** MAIL was written: the provider may have counted a message. */
  readonly mailWritten: boolean;
};

/** Sends one claimed message. */
export type SendOne = (path: Path, opened: OpenedSession, message: ClaimedWork) => Promise<Sent>;

export type SendOptions = {
  readonly jobs: JobCache;
  readonly desk: OutcomeDesk;
  readonly putBack: PutBack;
  readonly putFirst: (path: Path, message: ClaimedWork) => void;
  /** Whether its claim would be granted still. */
  readonly mayBeSent: (message: ClaimedWork) => Promise<boolean>;
  readonly alive: () => boolean;
  readonly events: WorkerEvents;
};

/** A message whose session was lost waits so long: time for the provider to be in a better mood. */
const AFTER_LOSS_MS = 5000;
/** Messages remembered as having lost a session. */
const MAX_REMEMBERED = 10_000;

export function createSendOne(options: SendOptions): SendOne {
  const losses = new Map<string, number>();
  return async (path, opened, message) => {
    const { lane } = message;
    const facts = (): AttemptFacts => ({
      messageId: lane.messageId,
      attempt: lane.attempt,
      at: Date.now(),
      mxHost: opened.mxHost,
      mxIp: opened.mxIp,
      source: path.key.source.publicId,
    });
    const refusal = await refusalOf(message, options);
    if (refusal !== undefined) {
      giveBack(message, refusal, options);
      return { useful: true, mailWritten: false };
    }
    const order = await composeOrder(message, options).catch((error: unknown) => ({ kind: 'fault' as const, error }));
    if (order.kind === 'fault') {
      // The job could not be read again, or a fault of ours: nothing was sent, so the message only waits.
      options.events.intakeFailed(order.error);
      giveBackAfterLoss(message, 'it could not be composed now', options);
      return { useful: true, mailWritten: false };
    }
    if (order.kind === 'unsendable') {
      report(message, unsendable(facts(), order.because), options);
      return { useful: true, mailWritten: false };
    }
    const startedMs = performance.now();
    const outcome = await withSpan(
      { name: 'smtp deliver', side: 'client', parent: traceFromTraceparent(lane.traceparent) },
      { 'server.address': opened.mxHost, 'mxflow.attempt': lane.attempt },
      () => opened.session.send({ ...order.order, beforeMail: () => options.alive() && options.desk.holds(lane) }),
    );
    const lossKey = `${lane.messageId}/${lane.attempt}`;
    const lostBefore = losses.get(lossKey) ?? 0;
    const decision = decideOutcome(outcome, facts(), lostBefore);
    if (decision.kind === 'record') {
      losses.delete(lossKey);
      options.events.attempted(outcome, performance.now() - startedMs);
      report(message, decision.outcome, options);
      return { useful: true, mailWritten: !(outcome.kind === 'refused' && outcome.stage === 'local') };
    }
    if (outcome.kind === 'withheld' || (outcome.kind === 'unreachable' && !outcome.mailSent)) {
      options.putFirst(path, message);
      return { useful: false, mailWritten: false };
    }
    if (losses.size >= MAX_REMEMBERED) losses.clear();
    losses.set(lossKey, lostBefore + 1);
    giveBackAfterLoss(message, decision.because, options);
    return { useful: false, mailWritten: true };
  };
}

/** How a message goes back that may not be sent any more, or of which Postgres cannot be asked. */
async function refusalOf(message: ClaimedWork, { mayBeSent, events }: SendOptions): Promise<HowParked | undefined> {
  try {
    return (await mayBeSent(message)) ? undefined : { delayMs: 0, reason: 'job' };
  } catch (error) {
    events.intakeFailed(error);
    return { delayMs: AFTER_LOSS_MS, reason: 'claim-unconfirmed' };
  }
}

type Order = Parameters<Session['send']>[0];

async function composeOrder(
  { lane, address, variables }: ClaimedWork,
  { jobs }: SendOptions,
): Promise<
  { readonly kind: 'order'; readonly order: Order } | { readonly kind: 'unsendable'; readonly because: string }
> {
  const job = await jobs(lane.jobNumber);
  if (job === undefined) return { kind: 'unsendable', because: 'the job is gone' };
  if ('unusable' in job) return { kind: 'unsendable', because: job.unusable };
  const { messageId, attempt } = lane;
  const composed = await job.compiled.compose({ messageId, attempt, address, variables, now: Date.now() });
  if (composed.kind === 'unsendable') return composed;
  const { reversePath, forwardPath, content, smtpUtf8 } = composed;
  const verifyOnly = job.definition.mode === 'verify';
  return { kind: 'order', order: { reversePath, forwardPath, content, smtpUtf8, verifyOnly } };
}

/** The connection goes on while the outcome becomes durable. */
function report({ lane }: ClaimedWork, outcome: OutcomeMessage, { desk, events }: SendOptions): void {
  desk.report(outcome, lane).catch((err: unknown) => events.reportFailed(err));
}

function giveBackAfterLoss(message: ClaimedWork, because: string, options: SendOptions): void {
  options.events.gaveBack();
  giveBack(message, { delayMs: AFTER_LOSS_MS, reason: 'session-lost', lastReply: because }, options);
}

function giveBack(message: ClaimedWork, how: HowParked, { putBack, events }: SendOptions): void {
  putBack.giveBack(message, how).catch((err: unknown) => events.reportFailed(err));
}

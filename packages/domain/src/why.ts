/** What keeps a message from moving, in the words that operators and the API use. */
export type Constraint =
  /** It has its last status. */
  | 'finished'
  | 'job-receiving'
  | 'job-paused'
  | 'job-cancelled'
  /** Its recipient is not made into work yet. */
  | 'not-prepared'
  /** Its validity is over; a sweep is about to say so. */
  | 'expired'
  /** The job is not to begin before. */
  | 'not-before'
  /** The next attempt is due later: `detail` says why it was put off. */
  | 'not-due'
  /** No worker that lives has a source of the pool. */
  | 'no-live-source'
  /** Too large a share of the site's messages failed. */
  | 'site-blocked'
  /** The site could not be reached. */
  | 'site-back-off'
  /** A feedback rule suspended every source that may send there. */
  | 'suspended'
  /** Every scope has all the connections that it may have. */
  | 'connections'
  /** Every scope has used what its hourly rate allows so far. */
  | 'rate'
  /** A worker has it in hand. */
  | 'being-sent'
  /** It is in its lane, for the next connection with room. */
  | 'released'
  /** Nothing binds but the order: others are before it. */
  | 'its-turn';

/** An answer to "why is it waiting?". Instants in milliseconds since the epoch. */
export type Why = {
  readonly constraint: Constraint;
  readonly detail: string;
  /** When it can move next, where that is known. */
  readonly nextAt?: number;
  /** The last thing that a provider said about it. */
  readonly lastReply?: string;
};

/** Where a message that is not finished stands. */
export type WaitingMessage = {
  readonly state: 'unprepared' | 'waiting' | 'queued' | 'sending';
  readonly dueAt: number;
  readonly waitReason?: string;
  readonly lastReply?: string;
};

export type WaitingJob = {
  readonly state: 'receiving' | 'active' | 'paused' | 'cancelled' | 'finished';
  readonly notBefore?: number;
  readonly validUntil: number;
};

/** A source that may send there, with what holds it back. */
export type SourceRoom = {
  readonly publicId: number;
  readonly suspendedUntil?: number;
  readonly holdReason?: string;
  readonly holdReply?: string;
  /** What binds in every scope of it there; `undefined` where some scope has room, or none was used yet. */
  readonly full?: { readonly kind: 'connections' | 'rate'; readonly detail: string; readonly nextAt?: number };
};

/** What holds for a site in a pool. */
export type Place = {
  readonly pool: string;
  /** Sources of the pool that a living worker can bind. */
  readonly sources: readonly SourceRoom[];
  readonly rest?: { readonly kind: 'back-off' | 'block'; readonly until: number; readonly reason?: string };
};

export type WhyQuestion = {
  readonly now: number;
  readonly job: WaitingJob;
  readonly message: WaitingMessage;
  readonly place: Place;
};

/**
 * Decides what binds. Pure. What needs a person (a paused job, a pool without source) comes before what passes by
 * itself; of what passes by itself, that which passes last, since the message moves no sooner.
 */
export function decideWhy({ now, job, message, place }: WhyQuestion): Why {
  const said = message.lastReply === undefined ? {} : { lastReply: message.lastReply };
  const ended = ofJob(job, message, now);
  if (ended !== undefined) return { ...ended, ...said };
  if (message.state === 'sending') return { constraint: 'being-sent', detail: 'a worker has it in hand', ...said };
  if (message.state === 'unprepared')
    return { constraint: 'not-prepared', detail: 'its recipients wait to be prepared' };
  if (place.sources.length === 0) {
    const detail = `no worker that lives has a source of pool ${place.pool}`;
    return { constraint: 'no-live-source', detail, ...said };
  }
  const timed = timedConstraints({ now, job, message, place }).toSorted((one, other) => other.nextAt - one.nextAt)[0];
  if (timed !== undefined) return { ...said, ...timed };
  return { ...said, ...ofRoom(message, place) };
}

function ofJob({ state, validUntil }: WaitingJob, message: WaitingMessage, now: number): Why | undefined {
  switch (state) {
    case 'receiving':
      return { constraint: 'job-receiving', detail: 'the job is not posted to its end' };
    case 'paused':
      return { constraint: 'job-paused', detail: 'the job is paused; resume it' };
    case 'cancelled':
      return { constraint: 'job-cancelled', detail: 'the job is cancelled' };
    case 'finished':
      return { constraint: 'finished', detail: 'the job is finished' };
    case 'active':
      if (validUntil > now || message.state === 'sending') return undefined;
      return { constraint: 'expired', detail: 'its validity is over' };
  }
}

type Timed = Why & { readonly nextAt: number };

function timedConstraints({ now, job, message, place }: WhyQuestion): readonly Timed[] {
  const found: Timed[] = [];
  if (job.notBefore !== undefined) {
    found.push({ constraint: 'not-before', detail: 'the job is not to begin before', nextAt: job.notBefore });
  }
  if (message.state === 'waiting') {
    found.push({ constraint: 'not-due', detail: message.waitReason ?? 'not due yet', nextAt: message.dueAt });
  }
  if (place.rest !== undefined) {
    const { kind, until, reason = 'no reason kept' } = place.rest;
    found.push({ constraint: kind === 'block' ? 'site-blocked' : 'site-back-off', detail: reason, nextAt: until });
  }
  const suspended = place.sources.filter(({ suspendedUntil = 0 }) => suspendedUntil > now);
  const first = suspended.toSorted((one, other) => (one.suspendedUntil ?? 0) - (other.suspendedUntil ?? 0))[0];
  if (first !== undefined && suspended.length === place.sources.length) {
    const reply = first.holdReply === undefined ? {} : { lastReply: first.holdReply };
    const detail = `feedback rule ${first.holdReason ?? ''} suspended every source of the pool there`;
    found.push({ constraint: 'suspended', detail, nextAt: first.suspendedUntil ?? 0, ...reply });
  }
  return found.filter(({ nextAt }) => nextAt > now);
}

/** What binds of that which changes from second to second. */
function ofRoom({ state }: WaitingMessage, { sources }: Place): Why {
  const full = sources.map((source) => source.full);
  const [first] = full;
  if (first !== undefined && full.every((each) => each !== undefined)) {
    const soonest = Math.min(...full.map((each) => each?.nextAt ?? Number.POSITIVE_INFINITY));
    return {
      constraint: first.kind,
      detail: first.detail,
      ...(Number.isFinite(soonest) ? { nextAt: soonest } : {}),
    };
  }
  return state === 'queued'
    ? { constraint: 'released', detail: 'it is in its lane, for the next connection with room' }
    : { constraint: 'its-turn', detail: 'nothing binds but the order: messages before it are released first' };
}

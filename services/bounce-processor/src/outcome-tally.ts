import type { RecordedOutcome, Transition } from '@mxflow/db';

const OUTCOMES = ['sent', 'deferred', 'failed', 'expired', 'in_doubt'] as const;

/** An outcome in the words of the metrics. */
export type CountedOutcome = (typeof OUTCOMES)[number];

export type Tally = {
  readonly outcome: CountedOutcome;
  /** `stale`: it came late or again, and changed nothing. */
  readonly transition: 'applied' | 'stale';
  readonly count: number;
};

/** Counts a batch by outcome: what made a transition, and the rest. */
export function tallyOf(records: readonly RecordedOutcome[], transitions: readonly Transition[]): readonly Tally[] {
  const seen = zeroes();
  for (const { status, inDoubt } of records) seen[inDoubt ? 'in_doubt' : status] += 1;
  const applied = zeroes();
  for (const { status, messages, inDoubt } of transitions) {
    applied.in_doubt += inDoubt;
    applied[status as RecordedOutcome['status']] += messages - inDoubt;
  }
  const tallies = OUTCOMES.flatMap((outcome): Tally[] => [
    { outcome, transition: 'applied', count: applied[outcome] },
    { outcome, transition: 'stale', count: seen[outcome] - applied[outcome] },
  ]);
  return tallies.filter(({ count }) => count > 0);
}

function zeroes(): Record<CountedOutcome, number> {
  return { sent: 0, deferred: 0, failed: 0, expired: 0, in_doubt: 0 };
}

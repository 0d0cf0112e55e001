import type { RecordedOutcome, Transition } from '@mxflow/db';
import { outcomeMetrics, type Meter } from '@mxflow/telemetry';

/** One function for each event that operators count or read about. */
export type RecorderEvents = {
  recorded(records: readonly RecordedOutcome[], transitions: readonly Transition[], tookMs: number): void;
};

export function createEvents(meter: Meter): RecorderEvents {
  const outcomes = outcomeMetrics(meter);
  return {
    recorded: (records, transitions, tookMs) => {
      outcomes.batchSeconds.record(tookMs / 1000);
      let applied = 0;
      for (const { status, messages, inDoubt } of transitions) {
        applied += messages;
        if (inDoubt > 0) outcomes.recorded.add(inDoubt, { outcome: 'in_doubt', transition: 'applied' });
        if (messages > inDoubt) {
          outcomes.recorded.add(messages - inDoubt, { outcome: outcomeOf(status), transition: 'applied' });
        }
      }
      const stale = records.length - applied;
      if (stale > 0) outcomes.recorded.add(stale, { outcome: 'sent', transition: 'stale' });
    },
  };
}

function outcomeOf(status: Transition['status']): 'sent' | 'deferred' | 'failed' | 'expired' {
  switch (status) {
    case 'deferred':
    case 'failed':
    case 'expired':
      return status;
    default:
      return 'sent';
  }
}

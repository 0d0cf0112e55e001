import { listsFollowed, type BegunRun, type SyncEnding, type SyncState } from '@mxflow/db';
import { syncMetrics, type Logger, type Meter } from '@mxflow/telemetry';

/** One function a business event: counter, log line and attributes together. */
export type SyncEvents = ReturnType<typeof createEvents>;

export function createEvents(logger: Logger, meter: Meter) {
  const metrics = syncMetrics(meter);
  return {
    begun: ({ id, cause, dryRun }: BegunRun): void => logger.info({ run: id, cause, dryRun }, 'sync begins'),
    ended: ({ id, cause, dryRun }: BegunRun, { diff: _diff, ...ending }: SyncEnding, tookMs: number): void => {
      const { outcome, because = outcome } = ending;
      metrics.runs.add(1, { outcome });
      metrics.runSeconds.record(tookMs / 1000);
      const facts = { run: id, cause, dryRun, ...ending, tookMs: Math.round(tookMs) };
      if (outcome !== 'refused' && outcome !== 'failed') return logger.info(facts, 'sync ended');
      metrics.failures.add(1, { because });
      logger.warn(facts, 'sync brought nothing: what was in force stays in force');
    },
    takenOver: ({ id }: BegunRun): void => logger.warn({ run: id }, 'this sync counts as lost: it changed nothing'),
    standing: (state: SyncState, enabled: boolean): void => {
      const isFollowing = enabled && listsFollowed(state.level, state.bounceRulesInCustom).length > 0;
      const since = state.succeededAt ?? state.since;
      metrics.versionInForce.record(state.lists.mx_rules ?? 0);
      metrics.newestVersion.record(state.newest ?? 0);
      metrics.isFollowing.record(isFollowing ? 1 : 0);
      metrics.isPinned.record(state.pinned === null ? 0 : 1);
      metrics.failuresInARow.record(state.failures);
      // Where nothing is to be pulled, nothing is stale.
      metrics.age.record(isFollowing ? Math.max(0, state.now.getTime() - since.getTime()) / 1000 : 0);
    },
    reported: (texts: number): void => {
      metrics.reported.add(texts);
      logger.info({ texts }, 'texts that no rule matched were reported');
    },
    notReported: (because: string): void => logger.warn({ because }, 'texts that no rule matched were not taken'),
  };
}

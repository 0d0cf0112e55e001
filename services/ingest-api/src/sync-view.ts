import type { RuleSetDiff, SyncRunView, SyncStatus } from '@mxflow/contracts';
import { listsFollowed, type SyncRun, type SyncState } from '@mxflow/db';

/** Where an instance stands, for who asks. */
export function viewStatus(state: SyncState): SyncStatus {
  const mode = modeOf(state);
  const { lists, newest, pinned, succeededAt, because, detail, retryAt, service } = state;
  return {
    says: saying(mode, state),
    mode,
    level: state.level,
    inForce: {
      mxRules: lists.mx_rules,
      bounceRules: lists.bounce_rules,
      feedbackRules: lists.feedback_rules,
      domainRules: lists.domain_rules,
      policies: lists.policies,
    },
    bounceRulesInCustom: state.bounceRulesInCustom,
    isUnderWay: state.runUntil !== null && state.runUntil > state.now,
    failures: state.failures,
    ...present({ newest, pinned, because, detail, service: service === null ? null : viewService(state, service) }),
    ...present({ succeededAt: succeededAt?.toISOString(), retryAt: retryAt?.toISOString() }),
  };
}

export function viewRun(run: SyncRun): SyncRunView {
  const { id, cause, dryRun, askedAt, begunAt, endedAt, outcome, because, detail, versionBefore, versionAfter } = run;
  return {
    id,
    cause,
    dryRun,
    askedAt: askedAt.toISOString(),
    ...present({ begunAt: begunAt?.toISOString(), endedAt: endedAt?.toISOString() }),
    ...present({ outcome, because, detail, versionBefore, versionAfter }),
    // As `compareRulesInForce` made it.
    ...present({ diff: run.diff as RuleSetDiff | null | undefined }),
  };
}

/** Without a next sync where nothing would be pulled by it. */
function viewService(
  { level, bounceRulesInCustom }: SyncState,
  { nextAt, ...service }: NonNullable<SyncState['service']>,
): NonNullable<SyncState['service']> {
  const isIdle = listsFollowed(level, bounceRulesInCustom).length === 0;
  return nextAt === undefined || isIdle ? service : { ...service, nextAt };
}

function modeOf({ level, pinned, service }: SyncState): SyncStatus['mode'] {
  if (level === 'custom') return 'custom';
  if (pinned !== null) return 'pinned';
  if (service === null) return 'no-service';
  return service.enabled ? 'following' : 'disabled';
}

function saying(mode: SyncStatus['mode'], state: SyncState): string {
  switch (mode) {
    case 'custom':
      return listsFollowed('custom', state.bounceRulesInCustom).length === 0
        ? 'at Custom: nothing is pulled until another level is chosen'
        : 'at Custom: bounce rules and policies are pulled, nothing else until another level is chosen';
    case 'pinned':
      return `pinned to version ${state.pinned ?? ''}: newer ones are pulled and kept, and not put in force`;
    case 'no-service':
      return 'no deliverability-sync has ever run here: nothing is pulled';
    case 'disabled':
      return 'disabled by MXFLOW_SYNC_ENABLED: nothing is pulled';
    case 'following':
      return state.failures === 0
        ? `following ${state.service?.source ?? ''}`
        : `following ${state.service?.source ?? ''}, which has failed ${state.failures === 1 ? 'once' : `${state.failures} times in a row`}`;
  }
}

/** Only the fields that hold something. */
function present<Fields extends Record<string, unknown>>(
  fields: Fields,
): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as {
    [Name in keyof Fields]?: NonNullable<Fields[Name]>;
  };
}

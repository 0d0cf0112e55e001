export * from './database.ts';
export * from './migrate.ts';
export * from './job-lookup.ts';
export * from './lanes.ts';
export * from './sites.ts';
export { findProvider, RESOLVER_SITE } from './guarded.ts';
export * from './work-claim.ts';
export * from './work-feed.ts';
export * from './work-outcome.ts';
export * from './work-prepare.ts';
export { type Transition } from './work-settle.ts';
export * from './work-sweep.ts';
export * from './workers.ts';
export * from './api-keys.ts';
export * from './audit.ts';
export * from './chunk-codec.ts';
export * from './delivery-log.ts';
export * from './job-receiving.ts';
export * from './jobs.ts';
export * from './webhook-endpoints.ts';
export * from './unavailable.ts';
export * from './webhook-delivery.ts';
export * from './unstorable.ts';
export * from './arbiter.ts';
export * from './path-back-off.ts';
export * from './mx-rules.ts';
export * from './domain-rules.ts';
export * from './feedback.ts';
export * from './lane-rules.ts';
export * from './scope-totals.ts';
export * from './site-block.ts';
export * from './site-figures.ts';
export * from './why-facts.ts';
export * from './mx-rule-edits.ts';
export * from './source-edits.ts';
export * from './bounce-rules.ts';
export * from './bounce-rule-edits.ts';
export * from './feedback-rule-edits.ts';
export * from './inbound.ts';
export * from './inbound-lookup.ts';
export * from './policies.ts';
export { deleteLocalRule, enableRule, orderLocalRules, type ReadingEdit, type RulePlace } from './reading-edits.ts';
export { recordBounces, type BounceResult, type ReportedBounce } from './bounces.ts';
export { putEntries, releaseEntries, type EditReport, type EntryEdit, type ReleaseReport } from './quarantine-edits.ts';
export {
  readQuarantineTerms,
  type ChangeCause,
  type QuarantineTermsNow,
  type StoredEntry,
} from './quarantine-entries.ts';
export { type QuarantineEffect } from './quarantine-events.ts';
export * from './quarantine-held.ts';
export * from './quarantine-sweep.ts';
export * from './quarantine-undo.ts';
export {
  countQuarantine,
  explainAddress,
  historyOf,
  pageEntries,
  type AddressFacts,
  type QuarantineChangeRow,
  type QuarantineCounts,
  type QuarantineFilter,
  type QuarantineRow,
} from './quarantine-view.ts';
export * from './logged-failures.ts';
export * from './unmatched.ts';
export * from './policy-effect.ts';
export * from './unmatched-count.ts';
export * from './hub-versions.ts';
export * from './hub-draft.ts';
export * from './hub-keys.ts';
export { listsFollowed, UnsoundRulesError, type FollowedList, type SoundRuleSet } from './rule-set-apply.ts';
export * from './rule-set-rollback.ts';
export { listVersions, readVersion, type StoredVersion } from './rule-set-versions.ts';
export {
  askForSync,
  beginRun,
  listSyncRuns,
  readSyncRun,
  renewRun,
  type BegunRun,
  type SyncCause,
  type SyncEnding,
  type SyncRun,
} from './sync-runs.ts';
export * from './sync-settle.ts';
export {
  noteSyncService,
  readSyncState,
  setBounceRulesInCustom,
  type SyncServiceFacts,
  type SyncState,
} from './sync-state.ts';
export { type CompareRules, type RulesInForce } from './rules-in-force.ts';
export { type RuleTable } from './merge-set.ts';
export { tryDeletingLocalRule, tryDeletingMxRule } from './tried-deletions.ts';
export { mergeHubUnmatched } from './hub-unmatched.ts';
export * from './unmatched-report.ts';

/** Metrics of what MX rules allow and what is used of it. The sentence at the head of metrics.ts holds here too. */
import type { Meter } from '@opentelemetry/api';

import { instruments } from './instruments.ts';

/** Why Postgres grants no slot or token now. */
const BINDINGS = ['connections', 'rate', 'share', 'suspended', 'path-back-off', 'site-blocked', 'failover'] as const;

/** Slots are rights to one connection, tokens to one MAIL: as one worker asks for them and uses them. */
export type GrantMetrics = ReturnType<typeof grantMetrics>;
export function grantMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    slotsGranted: make.plainCounter('mxflow_slots_granted_total', 'Connections allowed'),
    denied: make.counter('mxflow_grants_denied_total', 'Requests for a connection or for MAIL that were denied', {
      right: ['slot', 'token'],
      binds: BINDINGS,
    }),
    tokensSpent: make.openCounter<RuleAndSource>('mxflow_tokens_spent_total', 'MAIL written, by MX rule and source'),
    tokensUnspent: make.counter('mxflow_tokens_unspent_total', 'Tokens drawn that no MAIL used', {
      fate: ['returned', 'voided'],
    }),
    rulesVersion: make.observed('mxflow_rules_version', 'Version of the MX rules that this worker goes by'),
  };
}

/** The source by its publicId. */
export type RuleAndSource = { readonly rule: string; readonly source: string };

/** What is used and allowed over all workers, as Postgres accounts for it: every dispatcher tells the same. */
export type ScopeMetrics = ReturnType<typeof scopeMetrics>;
export function scopeMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    connections: make.openMeasured<RuleAndSource>('mxflow_scope_connections', 'Connections that a provider may count'),
    connectionsAllowed: make.openMeasured<RuleAndSource>(
      'mxflow_scope_connections_allowed',
      'Connections allowed, holds included',
    ),
    messagesPerHourAllowed: make.openMeasured<RuleAndSource>(
      'mxflow_scope_messages_per_hour_allowed',
      'Messages an hour allowed, holds included',
    ),
    tokens: make.openMeasured<RuleAndSource & { readonly state: 'level' | 'outstanding' | 'burst' }>(
      'mxflow_scope_tokens',
      'Tokens that may be drawn at once, drawn without a reply yet, and drawn at once at most',
    ),
    suspended: make.openMeasured<RuleAndSource>('mxflow_scopes_suspended', 'Scopes suspended by feedback'),
    pathsResting: make.measured('mxflow_paths_resting', 'Paths (a source towards an address) that rest after failures'),
    workersAlive: make.measured('mxflow_workers_alive', 'Workers that Postgres believes alive'),
    messagesUnfinished: make.measured('mxflow_messages_unfinished', 'Messages of running jobs without a final outcome'),
    rulesVersion: make.measured('mxflow_rules_version_in_force', 'Version of the MX rules by which grants are given'),
  };
}

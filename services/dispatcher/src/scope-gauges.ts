import { readFleetTotals, readScopeTotals, type Database, type ScopeTotals } from '@mxflow/db';
import type { ProcessContext } from '@mxflow/process';
import { scopeMetrics, type ScopeMetrics } from '@mxflow/telemetry';

const EVERY_MS = 5000;

type Shown = Omit<ScopeTotals, 'ruleId' | 'publicId'>;

/** What a rule and source shows that has no scope any more: a gauge keeps its last value otherwise. */
const NOTHING: Shown = {
  connections: 0,
  maxConnections: 0,
  messagesPerHour: 0,
  level: 0,
  outstanding: 0,
  burst: 0,
  suspended: 0,
};

/** Shows operators what is used and allowed, over all workers. Ends with what is returned. */
export function startScopeGauges(database: Database, { meter, every }: ProcessContext): AsyncDisposable {
  const metrics = scopeMetrics(meter);
  let shown = new Map<string, ScopeTotals>();
  const look = async (): Promise<void> => {
    const fleet = await readFleetTotals(database);
    metrics.workersAlive.record(fleet.workersAlive);
    metrics.messagesUnfinished.record(fleet.messagesUnfinished);
    metrics.pathsResting.record(fleet.pathsResting);
    metrics.rulesVersion.record(fleet.rulesVersion);
    const found = new Map((await readScopeTotals(database)).map((total) => [keyOf(total), total]));
    for (const [key, { ruleId, publicId }] of shown) {
      if (!found.has(key)) show(metrics, { ruleId, publicId, ...NOTHING });
    }
    for (const total of found.values()) show(metrics, total);
    shown = found;
  };
  return every(EVERY_MS, look, { name: 'scope-gauges' });
}

function keyOf({ ruleId, publicId }: ScopeTotals): string {
  return `${publicId} ${ruleId}`;
}

function show(metrics: ScopeMetrics, { ruleId, publicId, ...total }: ScopeTotals): void {
  const of = { rule: ruleId, source: String(publicId) };
  metrics.connections.record(total.connections, of);
  metrics.connectionsAllowed.record(total.maxConnections, of);
  metrics.messagesPerHourAllowed.record(total.messagesPerHour, of);
  metrics.tokens.record(total.level, { ...of, state: 'level' });
  metrics.tokens.record(total.outstanding, { ...of, state: 'outstanding' });
  metrics.tokens.record(total.burst, { ...of, state: 'burst' });
  metrics.suspended.record(total.suspended, of);
}

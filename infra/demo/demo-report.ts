import type { JobView, MessageView } from '@mxflow/contracts';
import { analyse, DEMO_LIMITS, EXPECTED, readReferee, type ScopeAnalysis } from '@mxflow/provider-sim';

/** The MX rules of the demonstration: one for each provider, and the last for whatever none of them names. */
export const DEMO_RULES = [
  ...DEMO_LIMITS.map(({ name, ...limits }) => ({ id: name, shared: true, ...limits })),
  { id: 'any', mask: '*', maxConnections: 2, maxMessagesPerConnection: 5 },
] as const;

type Seen = Pick<ScopeAnalysis, 'maxConnections' | 'maxMessagesPerConnection' | 'messages'>;

/** The result of the demonstration, as it is written to a file. */
export type DemoReport = {
  readonly accepted: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Messages cut off between the final dot and its reply: the only ones that may have arrived twice. */
  readonly inDoubt: number;
  /** Messages that needed more than one attempt, whatever became of them. */
  readonly retried: number;
  /** Of those that failed, by reason. */
  readonly failedFor: Readonly<Record<string, number>>;
  readonly durationSeconds: number;
  readonly providers: readonly {
    readonly name: string;
    readonly rule: (typeof DEMO_RULES)[number] | undefined;
    readonly allows: { readonly maxConnections: number; readonly maxMessagesPerConnection: number };
    readonly seen: Seen;
  }[];
  /** What is not as it must be; empty on success. */
  readonly faults: readonly string[];
};

export async function readSeen(refereeFile: string): Promise<Readonly<Record<string, ScopeAnalysis>>> {
  const { scopes } = await analyse(readReferee(refereeFile));
  return scopes['provider'] ?? {};
}

export function makeReport(facts: {
  readonly job: JobView;
  readonly messages: readonly MessageView[];
  readonly durationSeconds: number;
  readonly seen: Readonly<Record<string, ScopeAnalysis>>;
  readonly disagreements: readonly string[];
}): DemoReport {
  const { inDoubt, ...statuses } = facts.job.counts;
  const providers = DEMO_LIMITS.map(({ name, maxConnections, maxMessagesPerConnection }) => ({
    name,
    rule: DEMO_RULES.find(({ id }) => id === name),
    allows: { maxConnections, maxMessagesPerConnection },
    seen: seenOf(name, facts.seen),
  }));
  const faults = [
    ...facts.disagreements,
    ...Object.entries(EXPECTED.statuses)
      .filter(([status, expected]) => statuses[status as keyof typeof statuses] !== expected)
      .map(
        ([status, expected]) => `${status}: expected ${expected}, found ${statuses[status as keyof typeof statuses]}`,
      ),
    ...(facts.messages.length === EXPECTED.accepted ? [] : [`the log lists ${facts.messages.length} messages`]),
    ...providers.flatMap(({ name, allows, seen }) =>
      (['maxConnections', 'maxMessagesPerConnection'] as const)
        .filter((limit) => seen[limit] > allows[limit])
        .map((limit) => `${name}: ${limit} ${seen[limit]}, allowed ${allows[limit]}`),
    ),
  ];
  return {
    accepted: facts.job.recipients,
    statuses,
    inDoubt,
    retried: facts.messages.filter(({ attempts }) => attempts > 1).length,
    failedFor: countReasons(facts.messages),
    durationSeconds: Math.round(facts.durationSeconds * 100) / 100,
    providers,
    faults,
  };
}

function countReasons(messages: readonly MessageView[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { status, reason = 'no reason' } of messages) {
    if (status === 'failed') counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

/** The figures of a provider over all sources: the demonstration has one. */
function seenOf(name: string, seen: Readonly<Record<string, ScopeAnalysis>>): Seen {
  const scopes = Object.entries(seen).filter(([scope]) => scope.endsWith(` ${name}`));
  return {
    maxConnections: Math.max(0, ...scopes.map(([, scope]) => scope.maxConnections)),
    maxMessagesPerConnection: Math.max(0, ...scopes.map(([, scope]) => scope.maxMessagesPerConnection)),
    messages: scopes.reduce((sum, [, scope]) => sum + scope.messages, 0),
  };
}

/** The report for people. */
export function renderReport(report: DemoReport): string {
  const rows = report.providers.map(({ name, allows, seen }) =>
    [
      name.padEnd(16),
      String(seen.messages).padStart(8),
      `${seen.maxConnections}/${allows.maxConnections}`.padStart(12),
      `${seen.maxMessagesPerConnection}/${allows.maxMessagesPerConnection}`.padStart(14),
    ].join(' '),
  );
  const counted = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, messages]) => `${name} ${messages}`)
      .join('  ');
  return `${[
    '',
    `${report.accepted} recipients accepted, finished in ${report.durationSeconds} s`,
    counted(report.statuses),
    `failed for  ${counted(report.failedFor)}`,
    `retried ${report.retried}  in doubt ${report.inDoubt}`,
    '',
    `${'provider'.padEnd(16)} ${'MAIL'.padStart(8)} ${'connections'.padStart(12)} ${'per connection'.padStart(14)}   (seen/allowed)`,
    ...rows,
    '',
    ...(report.faults.length === 0
      ? ['Delivery log and providers agree on every message; no limit was exceeded.']
      : ['NOT AS EXPECTED:', ...report.faults.slice(0, 50)]),
  ].join('\n')}\n`;
}

import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { startStack, type RuleInBrief } from '@mxflow/infra/stack';
import {
  analyse,
  LIMIT_WINDOWS_MS,
  limitViolations,
  readReferee,
  type ProviderLimits,
  type ProviderSpec,
  type ScopeAnalysis,
} from '@mxflow/provider-sim';

import { streamJob } from './recipients.ts';
import { atLeast, atMost, printResult, printTargets, say, type Target } from './result.ts';
import { startSink } from './sink.ts';
import { postStream, untilJob } from './stack-client.ts';

/** What one provider allows, how the rule counts it, and how it is told in the referee's record. */
type Case = {
  readonly name: string;
  readonly binds: 'rate' | 'connections';
  readonly rule: RuleInBrief & ProviderLimits;
  readonly scope: 'path' | 'provider';
  readonly replyDelayMs: number;
};
const CASES: readonly Case[] = [
  {
    name: 'rate-shared',
    binds: 'rate',
    rule: { shared: true, maxConnections: 5, maxMessagesPerConnection: 20, messagesPerHour: 18_000 },
    scope: 'provider',
    replyDelayMs: 10,
  },
  {
    name: 'rate-path',
    binds: 'rate',
    rule: { shared: false, maxConnections: 5, maxMessagesPerConnection: 20, messagesPerHour: 9000 },
    scope: 'path',
    replyDelayMs: 10,
  },
  {
    name: 'connections',
    binds: 'connections',
    rule: { shared: true, maxConnections: 10, maxMessagesPerConnection: 5, messagesPerHour: 50_000_000 },
    scope: 'provider',
    replyDelayMs: 60,
  },
];

const SOURCES = [1, 2].map((number) => ({
  publicId: number,
  publicIp: `192.0.2.${number}`,
  bindAddress: `127.32.255.${number}`,
  heloName: `mta${number}.sender.test`,
}));
const MIN_RATE_USED = 0.98;
const MIN_CONNECTIONS_USED = 0.95;

/** Limits and their use as the providers see them, with 1, 2 and 8 workers, and without grants as the control. */
export async function benchShaping(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { seconds: { type: 'string', default: '60' }, workers: { type: 'string', default: '1,2,8' } },
  });
  const seconds = Number(values.seconds);
  const targets: Target[] = [];
  for (const workers of values.workers.split(',').map(Number)) {
    targets.push(...(await measure({ workers, seconds, withoutGrants: false })));
  }
  const control = await measure({ workers: 2, seconds: 10, withoutGrants: true });
  const violations = control.find(({ name }) => name.includes('violations'))?.value ?? 0;
  printTargets('shaping', [...targets, atLeast('violations seen with grants switched off', violations, 1)]);
}

type Run = { readonly workers: number; readonly seconds: number; readonly withoutGrants: boolean };

async function measure({ workers, seconds, withoutGrants }: Run): Promise<readonly Target[]> {
  await using sink = await startSink(CASES.map(providerOf));
  const settings = { ...sink.settings, MXFLOW_SOURCES: JSON.stringify(SOURCES) };
  await using stack = await startStack({
    workers: 0,
    rules: [...CASES.map(({ name, rule }) => ({ ...rule, id: name, mask: `*.${name}.test` })), {}],
    settings: withoutGrants ? { ...settings, MXFLOW_TEST_WITHOUT_GRANTS: 'true' } : settings,
  });
  // Far more than three times what is allowed, to the end.
  const perCase = 400 * (seconds + 40);
  const job = { from: { address: 'news@sender.test' }, subject: 'Hello', text: 'Hi' };
  const { id } = await postStream(
    stack,
    streamJob(job, perCase * CASES.length, (index) => `user${index}@${CASES[index % CASES.length]?.name}.test`),
  );
  await untilJob(stack, id, { is: ({ prepared }) => prepared === 1 });
  await Promise.all(Array.from({ length: workers }, () => stack.addWorker()));
  await wait(withoutGrants ? 2000 : WARM_UP_MS);
  const fromMs = performance.timeOrigin + performance.now();
  await wait(seconds * 1000);
  const toMs = performance.timeOrigin + performance.now();
  const { scopes } = await analyse(readReferee(sink.refereeFile), { fromMs, toMs, windowsMs: LIMIT_WINDOWS_MS });
  const label = `${workers} workers${withoutGrants ? ', grants off' : ''}`;
  let violations = 0;
  const targets: Target[] = [];
  for (const each of CASES) {
    const seen = Object.entries(scopes[each.scope] ?? {}).filter(([scope]) => isOf(each, scope));
    const faults = seen.flatMap(([scope, figures]) =>
      limitViolations(figures, each.rule).map((fault) => `${scope}: ${fault}`),
    );
    for (const fault of faults) say(`${label}: ${each.name}: ${fault}`);
    violations += faults.length;
    const used = Math.min(...seen.map(([, figures]) => usedOf(each, figures, (toMs - fromMs) / 1000)));
    printResult({
      bench: 'shaping',
      case: `${each.name}, ${label}`,
      metric: 'least used of a scope',
      value: used,
      unit: '',
    });
    const least = each.binds === 'rate' ? MIN_RATE_USED : MIN_CONNECTIONS_USED;
    if (!withoutGrants) targets.push(atLeast(`${each.name} used, ${label}`, used, least));
  }
  printResult({ bench: 'shaping', case: label, metric: 'violations', value: violations, unit: '' });
  return [...targets, atMost(`violations, ${label}`, violations, 0)];
}

/** Bursts are spent, and lanes full, by then. */
const WARM_UP_MS = 30_000;

function providerOf({ name, replyDelayMs }: Case, index: number): ProviderSpec {
  const addresses = [1, 2].map((number) => `127.32.${index}.${number}`);
  return {
    name,
    domains: [`${name}.test`],
    mxHosts: addresses.map((address, number) => ({
      host: `mx${number}.${name}.test`,
      preference: 10,
      addresses: [address],
    })),
    behaviour: { replyDelayMs },
  };
}

function isOf({ name, scope }: Case, key: string): boolean {
  const index = CASES.findIndex((each) => each.name === name);
  return scope === 'provider' ? key.endsWith(` ${name}`) : key.includes(` 127.32.${index}.`);
}

function usedOf({ binds, rule }: Case, seen: ScopeAnalysis, seconds: number): number {
  if (binds === 'connections') return seen.meanConnections / rule.maxConnections;
  return seen.messagesInSpan / ((rule.messagesPerHour * seconds) / 3600);
}

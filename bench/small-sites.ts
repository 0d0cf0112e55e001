import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { startStack, type RuleInBrief } from '@mxflow/infra/stack';
import { readReferee, type ProviderSpec } from '@mxflow/provider-sim';

import { streamJob } from './recipients.ts';
import { atMost, printResult, printTargets, say, type Target } from './result.ts';
import { startSink } from './sink.ts';
import { peakMemoryMb, postStream, untilJob } from './stack-client.ts';

const SMALL_SITES = 5000;
const MAX_RATIO = 1.2;
const THROTTLED: RuleInBrief = { maxConnections: 2, maxMessagesPerConnection: 20, messagesPerHour: 3600 };

type Case = {
  readonly name: string;
  /** Throttled sites beside the small ones. */
  readonly big: number;
  readonly rules: readonly RuleInBrief[];
};

/** Throttled by a rule that names it; or under the last rule, with everybody else. */
const CASES: readonly Case[] = [
  { name: 'alone', big: 0, rules: [{}] },
  { name: 'beside a site with a rule', big: 1, rules: [{ ...THROTTLED, id: 'big', mask: '*.big*.test' }, {}] },
  { name: 'beside a site under *', big: 1, rules: [THROTTLED] },
  { name: 'beside three such sites', big: 3, rules: [{ ...THROTTLED, id: 'big', mask: '*.big1.test' }, THROTTLED] },
];

/** The time until 5,000 sites have their one message each, alone and beside many for throttled sites. */
export async function benchSmallSites(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: { messages: { type: 'string', default: '1000000' } } });
  const messages = Number(values.messages);
  const targets: Target[] = [];
  let alone = Number.NaN;
  for (const each of CASES) {
    const seconds = await timeUntilThrough(each, messages);
    if (each.big === 0) alone = seconds;
    else targets.push(atMost(`${each.name} ÷ alone`, seconds / alone, MAX_RATIO));
  }
  printTargets('small-sites', targets);
}

async function timeUntilThrough({ name, big, rules }: Case, messages: number): Promise<number> {
  await using sink = await startSink([...smallSites(), ...bigSites(big)]);
  await using stack = await startStack({ workers: 0, rules, settings: sink.settings });
  const total = SMALL_SITES + (big === 0 ? 0 : messages);
  const every = Math.floor(total / SMALL_SITES);
  const { id } = await postStream(
    stack,
    streamJob({ from: { address: 'news@sender.test' }, subject: 'Hello', text: 'Hi' }, total, (index) =>
      index % every === 0 && index / every < SMALL_SITES
        ? `user@small${index / every}.test`
        : `user${index}@big${index % big}.test`,
    ),
  );
  await untilJob(stack, id, { is: ({ prepared }) => prepared === 1 });
  say(`${name}: prepared`);
  const worker = await stack.addWorker();
  const startedMs = performance.now();
  await untilSmallAreThrough(sink.refereeFile);
  const seconds = (performance.now() - startedMs) / 1000;
  const report = (metric: string, value: number, unit: string): void =>
    printResult({ bench: 'small-sites', case: name, metric, value, unit });
  report('until all small sites have theirs', seconds, 's');
  report('worker peak memory', peakMemoryMb(worker.pid()), 'MB');
  report('dispatcher peak memory', peakMemoryMb(stack.dispatcher.pid()), 'MB');
  const broker = stack.servers?.rabbit.pid();
  if (broker !== undefined) report('broker peak memory', peakMemoryMb(broker), 'MB');
  return seconds;
}

async function untilSmallAreThrough(refereeFile: string): Promise<void> {
  for (;;) {
    await wait(POLL_MS);
    let small = 0;
    for await (const event of readReferee(refereeFile)) {
      if (event.e === 'accepted' && event.srv.startsWith('small')) small += 1;
    }
    if (small >= SMALL_SITES) return;
  }
}

const POLL_MS = 500;

function smallSites(): readonly ProviderSpec[] {
  return Array.from({ length: SMALL_SITES }, (_none, index): ProviderSpec => ({
    name: `small${index}`,
    domains: [`small${index}.test`],
    mxHosts: [
      { host: `mx.small${index}.test`, preference: 10, addresses: [`127.33.${index >> 7}.${(index & 127) + 1}`] },
    ],
    behaviour: { replyDelayMs: 2 },
  }));
}

function bigSites(count: number): readonly ProviderSpec[] {
  return Array.from({ length: count }, (_none, index): ProviderSpec => ({
    name: `big${index}`,
    domains: [`big${index}.test`],
    mxHosts: [{ host: `mx.big${index}.test`, preference: 10, addresses: [`127.34.0.${index + 1}`] }],
    behaviour: { replyDelayMs: 2 },
  }));
}

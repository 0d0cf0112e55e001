import { parseArgs } from 'node:util';

import { startStack } from '@mxflow/infra/stack';
import { readReferee, type ProviderSpec } from '@mxflow/provider-sim';

import { streamJob } from './recipients.ts';
import { atMost, printResult, printTargets, say } from './result.ts';
import { startSink } from './sink.ts';
import { postStream, readJob, untilJob } from './stack-client.ts';

const OTHERS = 1000;
const OTHER_SITES = 20;
const MAX_RATIO = 1.2;

/** The 95th percentile of the time to accept of 1,000 messages, alone and beside many to a provider that never answers. */
export async function benchFairness(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: { dead: { type: 'string', default: '50000' } } });
  const dead = Number(values.dead);
  const alone = await timeToAccept(0);
  const beside = await timeToAccept(dead);
  printResult({ bench: 'fairness', case: 'alone', metric: 'p95 to accept', value: alone, unit: 's' });
  printResult({
    bench: 'fairness',
    case: `beside ${dead} to a dead site`,
    metric: 'p95 to accept',
    value: beside,
    unit: 's',
  });
  printTargets('fairness', [atMost('p95 beside ÷ p95 alone', beside / alone, MAX_RATIO)]);
}

/** Seconds from the worker's start until 95 % of the others are accepted. */
async function timeToAccept(dead: number): Promise<number> {
  await using sink = await startSink(providers());
  await using stack = await startStack({
    workers: 0,
    rules: [{ maxConnections: 4 }],
    settings: sink.settings,
  });
  // Mixed, as a campaign's recipients are: every so many to the others.
  const total = dead + OTHERS;
  const every = Math.floor(total / OTHERS);
  const { id } = await postStream(
    stack,
    streamJob({ from: { address: 'news@sender.test' }, subject: 'Hello', text: 'Hi' }, total, (index) =>
      index % every === 0 && index / every < OTHERS
        ? `user${index}@site${(index / every) % OTHER_SITES}.test`
        : `user${index}@dead.test`,
    ),
  );
  await untilJob(stack, id, { is: ({ prepared }) => prepared === 1 });
  await stack.addWorker();
  const startedAt = performance.timeOrigin + performance.now();
  await untilJob(stack, id, { is: ({ counts }) => counts.sent === OTHERS, limitMs: 300_000 });
  const { counts } = await readJob(stack, id);
  say(`${dead} to the dead site: ${counts.sent} sent, ${counts.pending} still pending`);
  const times: number[] = [];
  for await (const event of readReferee(sink.refereeFile)) if (event.e === 'accepted') times.push(event.t - startedAt);
  times.sort((one, other) => one - other);
  return (times[Math.floor(times.length * 0.95)] ?? Number.NaN) / 1000;
}

function providers(): readonly ProviderSpec[] {
  const others = Array.from({ length: OTHER_SITES }, (_none, index): ProviderSpec => ({
    name: `site${index}`,
    domains: [`site${index}.test`],
    mxHosts: [{ host: `mx.site${index}.test`, preference: 10, addresses: [`127.31.1.${index + 1}`] }],
    behaviour: { replyDelayMs: 5 },
  }));
  const silent: ProviderSpec = {
    name: 'dead',
    domains: ['dead.test'],
    mxHosts: [{ host: 'mx.dead.test', preference: 10, addresses: ['127.31.0.1'] }],
    behaviour: { faults: [{ at: 'greeting', does: 'silence' }] },
  };
  return [...others, silent];
}

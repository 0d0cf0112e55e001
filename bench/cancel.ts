import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { startStack } from '@mxflow/infra/stack';
import { readReferee } from '@mxflow/provider-sim';

import { streamJob } from './recipients.ts';
import { atMost, printResult, printTargets } from './result.ts';
import { startSink } from './sink.ts';
import { postStream, untilJob } from './stack-client.ts';

const MAX_SECONDS = 5;
/** Messages sent before the job is cancelled: the workers are in full swing. */
const SENT_FIRST = 2000;

/** Seconds from the call that cancels a large job to the last MAIL that a provider sees. */
export async function benchCancel(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: { messages: { type: 'string', default: '100000' } } });
  const count = Number(values.messages);
  await using sink = await startSink([
    {
      name: 'sink',
      domains: ['sink.test'],
      mxHosts: [{ host: 'mx.sink.test', preference: 10, addresses: ['127.32.0.1'] }],
      behaviour: { replyDelayMs: 2 },
    },
  ]);
  await using stack = await startStack({ workers: 2, settings: sink.settings });
  const { id } = await postStream(
    stack,
    streamJob(
      { from: { address: 'news@sender.test' }, subject: 'Hello', text: 'Hi' },
      count,
      (index) => `u${index}@sink.test`,
    ),
  );
  await untilJob(stack, id, { is: ({ counts, prepared }) => prepared === 1 && counts.sent >= SENT_FIRST });
  const calledAt = performance.timeOrigin + performance.now();
  await fetch(`${stack.api}/v1/jobs/${id}/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.apiKey}` },
  });
  const job = await untilJob(stack, id, { is: ({ counts }) => counts.pending + counts.deferred === 0 });
  const endedSeconds = (performance.timeOrigin + performance.now() - calledAt) / 1000;
  // The referee writes its file now and then: what it saw last must be in it.
  await wait(2000);
  let lastMailAt = calledAt;
  for await (const event of readReferee(sink.refereeFile)) if (event.e === 'mail') lastMailAt = event.t;
  const lastSeconds = Math.max(0, (lastMailAt - calledAt) / 1000);
  const one = { bench: 'cancel', case: `${count} messages, ${job.counts.sent} sent` } as const;
  printResult({ ...one, metric: 'call to last MAIL', value: lastSeconds, unit: 's' });
  printResult({ ...one, metric: 'call to last status', value: endedSeconds, unit: 's' });
  printTargets('cancel', [atMost('call to last MAIL', lastSeconds, MAX_SECONDS)]);
}

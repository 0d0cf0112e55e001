import { parseArgs } from 'node:util';

import { startStack } from '@mxflow/infra/stack';
import pg from 'pg';

import { streamJob } from './recipients.ts';
import { atMost, printResult, printTargets, say } from './result.ts';
import { peakMemoryMb, postStream, untilJob } from './stack-client.ts';

/** Domains that recipients are spread over; none of them exists, and nothing is sent: there is no worker. */
const DOMAINS = 500;
const MAX_INGEST_MB = 300;
const MAX_DISPATCHER_MB = 400;

/** Recipients a second, accepted and prepared, while both run; and the memory that it takes. */
export async function benchIngest(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: { recipients: { type: 'string', default: '1000000' } } });
  const count = Number(values.recipients);
  await using stack = await startStack({ workers: 0, settings: { MXFLOW_DNS: '127.0.0.1:9' } });
  say(`streaming ${count} recipients`);
  const startedMs = performance.now();
  const body = streamJob(
    { from: { address: 'news@sender.test' }, subject: 'Hello {{ firstName }}', text: 'Hi {{ firstName }}' },
    count,
    (index) => `user${index}@domain${index % DOMAINS}.test`,
  );
  const { id } = await postStream(stack, body);
  const acceptedSeconds = (performance.now() - startedMs) / 1000;
  say(`accepted after ${acceptedSeconds.toFixed(1)} s`);
  await untilJob(stack, id, { is: ({ prepared }) => prepared === 1, everyMs: 500 });
  const preparedSeconds = (performance.now() - startedMs) / 1000;

  const rows = await countWork(stack.databaseUrl);
  const ingestMb = peakMemoryMb(stack.ingestApi.pid());
  const dispatcherMb = peakMemoryMb(stack.dispatcher.pid());
  const one = { bench: 'ingest', case: `${count} recipients` } as const;
  printResult({ ...one, metric: 'accepted', value: count / acceptedSeconds, unit: 'recipients/s' });
  printResult({ ...one, metric: 'prepared', value: count / preparedSeconds, unit: 'recipients/s' });
  printResult({ ...one, metric: 'work rows', value: rows, unit: 'rows' });
  printResult({ ...one, metric: 'ingest-api peak memory', value: ingestMb, unit: 'MB' });
  printResult({ ...one, metric: 'dispatcher peak memory', value: dispatcherMb, unit: 'MB' });
  printTargets('ingest', [
    { name: 'rows counted', value: rows, target: count, met: rows === count },
    atMost('ingest-api VmHWM MB', ingestMb, MAX_INGEST_MB),
    atMost('dispatcher VmHWM MB', dispatcherMb, MAX_DISPATCHER_MB),
  ]);
}

async function countWork(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ rows: number }>('SELECT count(*)::int AS rows FROM work');
    return rows[0]?.rows ?? 0;
  } finally {
    await client.end();
  }
}

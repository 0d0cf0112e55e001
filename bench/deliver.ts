import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startStack } from '@mxflow/infra/stack';

import { streamJob } from './recipients.ts';
import { printResult, printTargets, say } from './result.ts';
import { startSink } from './sink.ts';
import { cpuSeconds, peakMemoryMb, postStream, untilJob } from './stack-client.ts';

const BODY_OCTETS = 5000;
const CONNECTIONS = 20;
const DKIM_CASES = ['no DKIM', 'rsa-2048', 'ed25519'] as const;
type DkimCase = (typeof DKIM_CASES)[number];

/** Messages a second from prepared work to the recorded outcome: one worker, 5 kB, a sink on loopback. */
export async function benchDeliver(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: { messages: { type: 'string', default: '20000' } } });
  const count = Number(values.messages);
  for (const dkim of DKIM_CASES) await benchCase(dkim, count);
  printTargets('deliver', []);
}

async function benchCase(dkim: DkimCase, count: number): Promise<void> {
  await using made = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'mxflow-bench-'));
  made.defer(() => rmSync(folder, { recursive: true, force: true }));
  const sink = made.use(
    await startSink([
      {
        name: 'sink',
        domains: ['sink.test'],
        mxHosts: [{ host: 'mx.sink.test', preference: 10, addresses: ['127.30.0.1'] }],
        behaviour: {},
      },
    ]),
  );
  const stack = made.use(
    await startStack({
      workers: 0,
      rules: [{ maxConnections: CONNECTIONS, maxMessagesPerConnection: 1000 }],
      settings: {
        ...sink.settings,
        ...dkimSettings(dkim, folder),
      },
    }),
  );
  say(`${dkim}: preparing ${count} messages`);
  const text = `Hi {{ firstName }},\n${'seven trips leave from {{ city }} in spring, this is one of them.\n'.repeat(72)}`;
  const { id } = await postStream(
    stack,
    streamJob(
      { from: { address: 'news@sender.test' }, subject: 'Hello {{ firstName }}', text: text.slice(0, BODY_OCTETS) },
      count,
      (index) => `user${index}@sink.test`,
    ),
  );
  await untilJob(stack, id, { is: ({ prepared }) => prepared === 1 });
  const worker = await stack.addWorker();
  const cpuBefore = cpuSeconds(worker.pid());
  const startedMs = performance.now();
  await untilJob(stack, id, { is: ({ counts }) => counts.sent === count });
  const seconds = (performance.now() - startedMs) / 1000;
  const one = { bench: 'deliver', case: dkim } as const;
  const cpuMicros = ((cpuSeconds(worker.pid()) - cpuBefore) * 1e6) / count;
  printResult({ ...one, metric: 'rate', value: count / seconds, unit: 'messages/s' });
  printResult({ ...one, metric: 'worker CPU', value: cpuMicros, unit: 'µs/message' });
  printResult({ ...one, metric: 'worker peak memory', value: peakMemoryMb(worker.pid()), unit: 'MB' });
}

function dkimSettings(dkim: DkimCase, folder: string): Readonly<Record<string, string>> {
  if (dkim === 'no DKIM') return {};
  const { privateKey } =
    dkim === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyFile = join(folder, 'dkim.pem');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { MXFLOW_DKIM_KEYS: JSON.stringify([{ domain: 'sender.test', selector: 's1', keyFile }]) };
}

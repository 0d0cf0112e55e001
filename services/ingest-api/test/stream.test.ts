import { setTimeout as pause } from 'node:timers/promises';

import { unpackRecipients } from '@mxflow/db';
import { connectMessaging } from '@mxflow/messaging';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { call, DEFINITION, NDJSON } from './api.ts';
import { openStage, startProcess, type Stage } from './process.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** A stream of so many recipients, made as it is read; `onSent` sees how many are under way. */
function streamOf(count: number, onSent: (sent: number) => Promise<void> | void = () => undefined): ReadableStream {
  let sent = -1;
  return new ReadableStream({
    pull: async (controller) => {
      if (sent === -1) {
        controller.enqueue(Buffer.from(`${JSON.stringify(DEFINITION)}\n`));
        sent = 0;
        return;
      }
      const lines = Array.from(
        { length: Math.min(500, count - sent) },
        (_, index) =>
          `{"address":"user${sent + index}@example${(sent + index) % 50}.com","variables":{"name":"Name ${sent + index}","city":"Springfield","code":"${(sent + index) * 7}"}}\n`,
      );
      controller.enqueue(Buffer.from(lines.join('')));
      sent += lines.length;
      await onSent(sent);
      if (sent === count) controller.close();
    },
  });
}

async function stored(idempotencyKey: string): Promise<number> {
  const jobs = await stage.database.client.job.findMany({ where: { idempotencyKey } });
  expect(jobs.length).toBeLessThan(2);
  if (jobs[0] === undefined) return 0;
  const { _sum } = await stage.database.client.jobChunk.aggregate({
    where: { jobId: jobs[0].id },
    _sum: { recipientCount: true },
  });
  return _sum.recipientCount ?? 0;
}

test('memory does not grow with the list, and chunks are announced', { timeout: 120_000 }, async () => {
  const count = Number(process.env['MXFLOW_TEST_RECIPIENTS'] ?? 200_000);
  await using api = await startProcess(stage);
  const startedAt = performance.now();
  const answer = await call(api.url, 'POST', '/v1/jobs', { key: stage.key, body: streamOf(count), headers: NDJSON });
  const seconds = (performance.now() - startedAt) / 1000;
  expect(answer.body).toMatchObject({ accepted: count, rejected: 0 });
  const peak = await api.peakMegabytes();
  process.stdout.write(`${count} recipients in ${seconds.toFixed(1)} s, peak ${peak.toFixed(0)} MB\n`);
  expect(peak).toBeLessThan(300);
  const job = await stage.database.client.job.findUniqueOrThrow({ where: { publicId: answer.body.id } });
  expect(job).toMatchObject({ recipients: count, chunks: count / 2_000, state: 'active' });
  await using messaging = await connectMessaging({ url: stage.world.amqpUrl, name: 'test' });
  await expect.poll(() => messaging.queueDepth('prepare'), { timeout: 20_000 }).toBe(count / 2_000);
  const last = await stage.database.client.jobChunk.findFirstOrThrow({
    where: { jobId: job.id },
    orderBy: { number: 'desc' },
  });
  const recipients = await unpackRecipients(last.recipients ?? new Uint8Array());
  expect(recipients.at(-1)).toMatchObject({ variables: { name: `Name ${count - 1}`, city: 'Springfield' } });
  expect(await api.stop()).toBe(0);
});

test('killed while a stream is posted: the same post with its key ends as one job', { timeout: 120_000 }, async () => {
  const count = 40_000;
  const headers = { ...NDJSON, 'idempotency-key': 'killed' };
  const settings = { MXFLOW_API_RECEIVER_LEASE: '3s' };
  {
    await using api = await startProcess(stage, settings);
    const post = call(api.url, 'POST', '/v1/jobs', {
      key: stage.key,
      headers,
      body: streamOf(count, async (sent) => {
        if (sent === 20_000) {
          await expect.poll(() => stored('killed'), { timeout: 20_000 }).toBeGreaterThan(10_000);
          await api.kill();
        }
      }),
    });
    await expect(post).rejects.toThrow();
  }
  const atDeath = await stored('killed');
  expect(atDeath).toBeGreaterThan(0);
  await using api = await startProcess(stage, settings);
  const post = () => call(api.url, 'POST', '/v1/jobs', { key: stage.key, headers, body: streamOf(count) });
  let answer = await post();
  // Whoever posted first may still be alive, for all that is known.
  while (answer.status === 409) {
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    await pause(500);
    answer = await post();
  }
  expect(answer.body).toMatchObject({ accepted: count, rejected: 0 });
  expect(await stored('killed')).toBe(count);
  const again = await post();
  expect([again.body, again.headers.get('idempotency-replayed')]).toEqual([answer.body, 'true']);
  const ordinals = await stage.database.client.$queryRawUnsafe<{ gaps: number }[]>(
    `SELECT count(*)::int AS gaps FROM (SELECT first_ordinal - lag(first_ordinal + recipient_count, 1, 0)
       OVER (PARTITION BY job_id ORDER BY number) AS gap FROM job_chunks) steps WHERE gap <> 0`,
  );
  expect(ordinals).toEqual([{ gaps: 0 }]);
});

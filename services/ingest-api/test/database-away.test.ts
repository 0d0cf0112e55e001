import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';

import { openDatabase } from '@mxflow/db';
import { expect, test } from 'vitest';

import { DEFINITION, NDJSON, recipientsUpTo, startApi, toStream } from './api.ts';

test(
  'Postgres goes away in the middle of a stream: 503 with Retry-After, and the repeat ends as one job',
  { timeout: 90_000 },
  async () => {
    await using api = await startApi({ limits: { receiverLeaseSeconds: 1 } });
    const maintenance = new URL(api.databaseUrl);
    const name = maintenance.pathname.slice(1);
    maintenance.pathname = '/postgres';
    await using server = openDatabase(maintenance.href, { poolSize: 1 });
    const allowConnections = async (allowed: boolean): Promise<void> => {
      await server.client.$executeRawUnsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${allowed}`);
      if (allowed) return;
      await server.client.$queryRawUnsafe(
        `SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = $1`,
        name,
      );
    };
    const recipients = recipientsUpTo(8_000);
    const headers = { ...NDJSON, 'idempotency-key': 'away', authorization: `Bearer ${api.key}` };
    const post = request({ host: '127.0.0.1', port: api.port, path: '/v1/jobs', method: 'POST', headers });
    post.on('error', () => undefined);
    post.write(toStream(DEFINITION, recipients.slice(0, 4_100)));
    await expect.poll(() => api.database.client.jobChunk.count(), { timeout: 15_000 }).toBe(2);

    await allowConnections(false);
    post.end(toStream(recipients[4_100], recipients.slice(4_101)));
    const [answer] = (await once(post, 'response')) as [IncomingMessage];
    expect([answer.statusCode, Number(answer.headers['retry-after']) > 0]).toEqual([503, true]);

    await allowConnections(true);
    const repeat = (): ReturnType<typeof api.call> =>
      api.call('POST', '/v1/jobs', {
        body: toStream(DEFINITION, recipients),
        headers: { ...NDJSON, 'idempotency-key': 'away' },
      });
    await expect.poll(async () => (await repeat()).status, { timeout: 15_000, interval: 300 }).toBe(202);
    expect((await repeat()).body).toMatchObject({ accepted: 8_000, rejected: 0 });
    expect(await api.database.client.job.count()).toBe(1);
  },
);

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { listSyncRuns, readSyncState } from '@mxflow/db';
import { selfSignedCertificate } from '@mxflow/provider-sim';
import { derivedSigningKey, signRuleSet } from '@mxflow/rule-set';
import { expect, test } from 'vitest';

import { documentOf } from './hub.ts';
import { startInstance } from './instance.ts';
import { startService } from './service-process.ts';

test(
  'a signed file on a web server is as good as a hub, and is shown no key that is for a hub',
  { timeout: 60_000 },
  async () => {
    await using instance = await startInstance();
    const signing = await derivedSigningKey('a secret of somebody else, who publishes files');
    const text = await signRuleSet(documentOf(5), [signing]);
    const { certificate, privateKey } = selfSignedCertificate(['localhost']);
    const asked: IncomingHttpHeaders[] = [];
    const server = createServer({ cert: certificate, key: privateKey }, ({ headers }, response) => {
      asked.push(headers);
      response.end(text);
    });
    await using stack = new AsyncDisposableStack();
    stack.defer(async () => void (await new Promise((closed) => server.close(closed))));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const folder = mkdtempSync(join(tmpdir(), 'mxflow-sync-'));
    stack.defer(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'ca.pem'), certificate);
    const port = (server.address() as AddressInfo).port;
    const service = stack.use(
      startService({
        DATABASE_URL: instance.databaseUrl,
        MXFLOW_SYNC_URL: `https://localhost:${port}/files/rule-set.json`,
        MXFLOW_SYNC_TRUSTED_KEYS: signing.publicKey,
        NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
      }),
    );
    const runs = async () => (await listSyncRuns(instance.database, { limit: 1 })).map(({ outcome }) => outcome);
    await expect.poll(runs, { timeout: 40_000, interval: 100 }).toEqual(['applied']);
    expect(await readSyncState(instance.database)).toMatchObject({
      lists: { mx_rules: 5, domain_rules: 5 },
      failures: 0,
    });
    expect(asked.map(({ authorization }) => authorization)).toEqual([undefined]);
    expect(await service.end('SIGTERM')).toEqual([0, null]);
  },
);

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { startTelemetry } from './telemetry.ts';
import {
  currentTraceparent,
  extractTrace,
  injectTrace,
  runInTrace,
  traceFromTraceparent,
  withSpan,
} from './trace-carrier.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SAMPLED = `00-${TRACE_ID}-b7ad6b7169203331-01`;
const UNSAMPLED = `00-${TRACE_ID}-b7ad6b7169203331-00`;

test('outside a trace nothing is injected and nothing is current', async () => {
  await using _telemetry = startTelemetry({ service: 's', version: '1', otlpEndpoint: '' });
  const headers = { kept: 1 };
  injectTrace(headers);
  expect(headers).toEqual({ kept: 1 });
  expect(currentTraceparent()).toBeUndefined();
});

test('a trace goes on through headers, over awaits, and through a database row', async () => {
  await using _telemetry = startTelemetry({ service: 's', version: '1', otlpEndpoint: '' });
  await runInTrace(extractTrace({ traceparent: SAMPLED, other: Buffer.from('x') }), async () => {
    await withSpan('step', {}, async () => {
      await turn();
      const row = currentTraceparent();
      expect(row).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
      expect(row).not.toBe(SAMPLED);
      expect(runInTrace(traceFromTraceparent(row), () => currentTraceparent())).toBe(row);
    });
  });
});

test('below an unsampled span none is made', async () => {
  await using _telemetry = startTelemetry({ service: 's', version: '1', otlpEndpoint: '' });
  const seen = await withSpan({ name: 'step', parent: traceFromTraceparent(UNSAMPLED) }, {}, () =>
    currentTraceparent(),
  );
  expect(seen).toBe(UNSAMPLED);
});

test.for([
  [undefined],
  [{}],
  [{ traceparent: 'junk' }],
  [{ traceparent: 7 }],
  [{ traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }],
])('headers %j start no trace', async ([headers]) => {
  await using _telemetry = startTelemetry({ service: 's', version: '1', otlpEndpoint: '' });
  expect(runInTrace(extractTrace(headers), () => currentTraceparent())).toBeUndefined();
});

test('without telemetry spans cost nothing and hide nothing', async () => {
  await expect(withSpan('step', {}, () => Promise.reject(new Error('kept')))).rejects.toThrow('kept');
  expect(await withSpan('step', {}, () => 3)).toBe(3);
});

test('recorded spans reach the collector when telemetry is disposed', async () => {
  const bodies: string[] = [];
  const collector = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(`${request.url} ${body}`);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const otlpEndpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
  {
    await using _telemetry = startTelemetry({ service: 'ingest-api', version: '1', otlpEndpoint, traceRatio: 1 });
    await withSpan({ name: 'POST /v1/jobs', side: 'server' }, { 'mxflow.job': 'j1' }, () => undefined);
  }
  collector.close();
  expect(bodies).toHaveLength(1);
  expect(bodies[0]).toMatch(/^\/v1\/traces .*"ingest-api".*"POST \/v1\/jobs"/);
});

test('a collector that is away neither throws nor holds up the end', async () => {
  const telemetry = startTelemetry({ service: 's', version: '1', otlpEndpoint: 'http://127.0.0.1:9', traceRatio: 1 });
  await withSpan('step', {}, () => undefined);
  const begunAt = performance.now();
  await telemetry[Symbol.asyncDispose]();
  expect(performance.now() - begunAt).toBeLessThan(5_000);
});

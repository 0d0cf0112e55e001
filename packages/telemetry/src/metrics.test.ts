import { expect, test } from 'vitest';

import * as metrics from './metrics.ts';
import { startTelemetry } from './telemetry.ts';

const GROUPS = Object.entries(metrics).filter(([name]) => name.endsWith('Metrics')) as [
  string,
  (meter: never) => object,
][];

test('what is counted stands in the text, with the service and without a scope', async () => {
  await using telemetry = startTelemetry({ service: 'mta-worker', version: '1', otlpEndpoint: '' });
  const { messages } = metrics.deliveryMetrics(telemetry.meter);
  messages.add(2, { outcome: 'sent' });
  const text = await telemetry.metricsText();
  expect(text).toContain('mxflow_messages_total{outcome="sent",service_name="mta-worker"} 2\n');
  expect(text).toContain('# TYPE mxflow_messages_total counter');
});

test('values known beforehand are shown at zero before anything happened', async () => {
  await using telemetry = startTelemetry({ service: 's', version: '1', otlpEndpoint: '' });
  metrics.outcomeMetrics(telemetry.meter);
  const text = await telemetry.metricsText();
  expect(text).toContain('mxflow_outcomes_recorded_total{outcome="in_doubt",transition="stale",service_name="s"} 0\n');
});

test('an observed figure is asked for until it is disposed', async () => {
  await using telemetry = startTelemetry({ service: 's', version: '1', otlpEndpoint: '' });
  const { unconfirmed } = metrics.deliveryMetrics(telemetry.meter);
  let asked = 0;
  {
    using _observer = unconfirmed.observe(() => 6 + (asked += 1));
    expect(await telemetry.metricsText()).toContain('mxflow_outcomes_unconfirmed{service_name="s"} 7\n');
  }
  await telemetry.metricsText();
  expect(asked).toBe(1);
});

test("an HTTP answer is filed under its route's pattern, and strangers make no series of their own", async () => {
  await using telemetry = startTelemetry({ service: 's', version: '1', otlpEndpoint: '' });
  const http = metrics.httpMetrics(telemetry.meter);
  http.record({ method: 'POST', route: '/v1/jobs', statusCode: 202, durationMs: 4 });
  http.record({ method: 'BREW', route: undefined, statusCode: 404, durationMs: 1 });
  const text = await telemetry.metricsText();
  expect(text).toContain(
    'mxflow_http_request_seconds_count{method="POST",route="/v1/jobs",status_class="2xx",service_name="s"} 1',
  );
  expect(text).toContain(
    'mxflow_http_request_seconds_count{method="other",route="unmatched",status_class="4xx",service_name="s"} 1',
  );
});

test('every name is ours, ends in its unit where it has one, and stands in one group only', async () => {
  const seen = new Map<string, string>();
  for (const [group, make] of GROUPS) {
    const names: string[] = [];
    const create = (name: string) => {
      names.push(name);
      return { add: () => undefined, record: () => undefined, addCallback: () => undefined };
    };
    make(new Proxy({}, { get: () => create }) as never);
    for (const name of names) {
      expect(name).toMatch(/^mxflow_[a-z0-9_]+$/);
      expect(seen.get(name), `${name} in ${group}`).toBeUndefined();
      seen.set(name, group);
    }
  }
  expect(seen.size).toBeGreaterThan(30);
});

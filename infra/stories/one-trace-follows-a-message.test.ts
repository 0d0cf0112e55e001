import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

import { expect, test } from 'vitest';

import { providers, recipientsAt } from './providers.ts';
import { until } from './until.ts';
import { startWorld } from './world.ts';

type Span = { readonly service: string; readonly name: string; readonly traceId: string };

/** The part of an OTLP export (JSON) that is read here. */
type Export = {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly { readonly name: string; readonly traceId: string }[] }[];
  }[];
};

test('one trace follows a message from the POST to the SMTP session', { timeout: 120_000 }, async () => {
  const spans: Span[] = [];
  const collector = await startCollector(spans);
  try {
    const { port } = collector.address() as AddressInfo;
    const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, MXFLOW_TRACE_RATIO: '1' };
    const specs = providers(1);
    await using world = await startWorld({ providers: specs, workers: 1, settings });
    const campaign = await world.post(recipientsAt(specs, 3, 'traced'));
    await campaign.untilFinished({ limitMs: 60_000 });
    const sent = await until('spans of three sessions', async () => spans.filter(isDelivery), {
      is: (found) => found.length === 3,
      withinMs: 30_000,
    });
    const posts = spans.filter(({ service, name }) => service === 'ingest-api' && name.includes('POST'));
    expect(new Set(sent.map(({ traceId }) => traceId))).toEqual(new Set(posts.map(({ traceId }) => traceId)));
  } finally {
    collector.closeAllConnections();
    collector.close();
  }
});

function isDelivery({ service, name }: Span): boolean {
  return service === 'mta-worker' && name === 'smtp deliver';
}

async function startCollector(spans: Span[]): Promise<Server> {
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      for (const { resource, scopeSpans } of (body as Export).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
        for (const scope of scopeSpans) {
          for (const { name, traceId } of scope.spans) spans.push({ service, name, traceId });
        }
      }
      response.end('{}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

import { issueApiKey, migrate, openDatabase, SCOPES, type Database, type Scope } from '@mxflow/db';
import { createTestDatabase, createTestVhost } from '@mxflow/infra/testing';
import { connectMessaging } from '@mxflow/messaging';
import { createLogger, startTelemetry } from '@mxflow/telemetry';
import type { AddressInfo } from 'node:net';

import type { ApiLimits, ApiParts } from '../src/api.ts';
import { buildApp } from '../src/app.ts';

export const SECRET = 'the secret of an instance under test';

export const LIMITS: ApiLimits = {
  bodyOctets: 2_000_000,
  heldOctets: 8_000_000,
  streams: 4,
  pace: { patienceMs: 5_000, minOctets: 1_024 },
  receiverLeaseSeconds: 5,
};

export type TestApi = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  readonly database: Database;
  readonly databaseUrl: string;
  /** A key with every scope of the tenant `t`. */
  readonly key: string;
  readonly issueKey: (tenant: string, scopes?: readonly Scope[]) => Promise<string>;
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<Answer>;
};

export type CallOptions = {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: AnswerBody };

/** Whatever the answers under test hold; what is missing fails the expectation that asks for it. */
export type AnswerBody = {
  readonly id: string;
  readonly key: string;
  readonly secret: string;
  readonly next: string;
  readonly state: string;
  readonly detail: string;
  readonly recipients: number;
  readonly rejected: { readonly count: number; readonly first: readonly { line: number; pointer: string }[] };
  readonly errors: readonly { pointer: string; expected: string; found: string }[];
  readonly jobs: readonly { readonly id: string }[];
  readonly messages: readonly { readonly id: string; readonly status: string }[];
};

/** The schema is made once a run, then copied. */
const MIGRATED = { templateKey: 'mxflow', prepare: migrate };

type Overrides = { readonly limits?: Partial<ApiLimits>; readonly messaging?: ApiParts['messaging'] };

/** The API over a database of its own, on a free port; `messaging` left out: a broker that is away. */
export async function startApi({ limits, messaging }: Overrides = {}): Promise<TestApi> {
  await using stack = new AsyncDisposableStack();
  const { databaseUrl } = stack.use(await createTestDatabase(MIGRATED));
  const database = stack.use(openDatabase(databaseUrl, { poolSize: 10 }));
  const telemetry = stack.use(startTelemetry({ service: 'ingest-api', version: '0', otlpEndpoint: '' }));
  const api = await buildApp({
    database,
    messaging: messaging ?? NO_BROKER,
    logger: createLogger({ service: 'ingest-api', level: process.env['TEST_LOG'] === undefined ? 'silent' : 'info' }),
    meter: telemetry.meter,
    secret: SECRET,
    privateWebhooks: ['127.0.0.0/8'],
    limits: { ...LIMITS, ...limits },
  });
  stack.defer(async () => {
    api.server.closeAllConnections();
    await api.close();
  });
  await api.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const issueKey = async (tenant: string, scopes: readonly Scope[] = SCOPES): Promise<string> =>
    (await issueApiKey(database, { tenant, name: 'test', scopes })).key;
  const key = await issueKey('t');
  const held = stack.move();
  return {
    url,
    port,
    database,
    databaseUrl,
    key,
    issueKey,
    call: (method, path, options) => call(url, method, path, { key, ...options }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** The same with a broker. */
export async function startApiWithBroker(): Promise<TestApi & { readonly brokerUrl: string }> {
  const vhost = await createTestVhost();
  const messaging = await connectMessaging({ url: vhost.amqpUrl, name: 'ingest-api' });
  const api = await startApi({ messaging });
  return {
    ...api,
    brokerUrl: vhost.amqpUrl,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await messaging[Symbol.asyncDispose]();
      await vhost[Symbol.asyncDispose]();
    },
  };
}

const NO_BROKER: ApiParts['messaging'] = {
  publishMany: () => Promise.reject(new Error('expected nothing to be published')),
  health: () => ({ publishing: false, consuming: false, blocked: false }),
};

export async function call(
  url: string,
  method: string,
  path: string,
  { key, body, headers = {} }: CallOptions = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isRaw(body) ? body : JSON.stringify(body), duplex: 'half' }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as AnswerBody };
}

function isRaw(body: unknown): body is string | Uint8Array<ArrayBuffer> | ReadableStream {
  return typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
}

/** A definition that nothing is wrong with. */
export const DEFINITION = {
  from: { name: 'Sender', address: 'news@sender.example' },
  subject: 'Hello {{ name | default: "you" }}',
  text: 'Dear {{ name | default: "reader" }}',
};

export function recipientsUpTo(count: number, first = 0): { address: string; variables: { name: string } }[] {
  return Array.from({ length: count }, (_, index) => ({
    address: `user${first + index}@example.com`,
    variables: { name: `Name ${first + index}` },
  }));
}

export const NDJSON = { 'content-type': 'application/x-ndjson' };

/** A stream's text: the definition, then a recipient a line. */
export function toStream(definition: unknown, recipients: readonly unknown[]): string {
  return [definition, ...recipients].map((line) => `${JSON.stringify(line)}\n`).join('');
}

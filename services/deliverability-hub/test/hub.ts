import type { AddressInfo } from 'node:net';

import type { HubVersionView, RuleSetContent, RuleSetDiff, RuleSetFault, UnmatchedView } from '@mxflow/contracts';
import { issueHubKey, migrate, openDatabase, type Database, type HubRole } from '@mxflow/db';
import { createWorld } from '@mxflow/infra/testing';
import { bundledRuleSet, derivedSigningKey, readTrustedKey, type SigningKey, type TrustedKey } from '@mxflow/rule-set';
import { createLogger, startTelemetry } from '@mxflow/telemetry';

import { buildApp } from '../src/app.ts';
import { createEvents } from '../src/events.ts';
import { foundBy } from '../src/found.ts';
import { openShelf, type Shelf } from '../src/shelf.ts';

export const SECRET = 'the secret of an instance under test';

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

export type TestHub = AsyncDisposable & {
  readonly url: string;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly shelf: Shelf;
  readonly signing: SigningKey;
  readonly trusted: TrustedKey;
  /** Of an editor and of a client. */
  readonly keys: Readonly<Record<HubRole, string>>;
  /** As an editor, unless told otherwise. */
  readonly call: Call;
  readonly draft: () => Promise<RuleSetContent>;
};

type CallOptions = {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Whatever the answers under test hold; what is missing fails the expectation that asks for it. */
export type AnswerBody = {
  readonly id: number;
  readonly key: string;
  readonly revision: number;
  readonly version: number;
  readonly content: RuleSetContent;
  readonly detail: string;
  readonly errors: readonly RuleSetFault[];
  readonly faults: readonly RuleSetFault[];
  readonly diff: RuleSetDiff;
  readonly versions: readonly HubVersionView[];
  readonly texts: readonly UnmatchedView[];
};
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: AnswerBody;
};

type HubOptions = { readonly patienceMs?: number; readonly tls?: { readonly cert: string; readonly key: string } };

/** A hub in this process over a database of its own, with version 1 published. */
export async function startTestHub({ patienceMs = 5_000, tls }: HubOptions = {}): Promise<TestHub> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(
    await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) }),
  );
  const database = stack.use(openDatabase(world.databaseUrl, { poolSize: 8 }));
  const telemetry = stack.use(startTelemetry({ service: 'deliverability-hub', version: '0', otlpEndpoint: '' }));
  const level = process.env['TEST_LOG'] === undefined ? 'silent' : 'info';
  const events = createEvents(createLogger({ service: 'deliverability-hub', level }), telemetry.meter);
  const signing = await derivedSigningKey(SECRET);
  const trusted = await readTrustedKey(signing.publicKey);
  if (trusted === undefined) throw new Error('expected a key, found none');
  await foundBy(database, smallRuleSet());
  const shelf = openShelf({ database, keys: [signing], events });
  await shelf.refresh();
  const api = await buildApp({ database, shelf, keys: [signing], events, pace: { patienceMs, minOctets: 1_024 }, tls });
  stack.defer(async () => {
    api.server.closeAllConnections();
    await api.close();
  });
  await api.listen({ host: '127.0.0.1', port: 0 });
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(api.server.address() as AddressInfo).port}`;
  const keys = { editor: await keyOf(database, 'editor'), client: await keyOf(database, 'client') };
  const callAsEditor: Call = (method, path, options) => call(url, { method, path, key: keys.editor, ...options });
  const held = stack.move();
  return {
    url,
    database,
    databaseUrl: world.databaseUrl,
    shelf,
    signing,
    trusted,
    keys,
    call: callAsEditor,
    draft: async () => (await callAsEditor('GET', '/v1/draft')).body.content,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** A few of the rules that come with mxflow: every check of it is short. */
export function smallRuleSet(): RuleSetContent {
  const { mxRules, bounceRules, feedbackRules, domainRules, policies } = bundledRuleSet();
  return {
    mxRules: [...mxRules.slice(0, 2), ...mxRules.slice(-1)],
    bounceRules: bounceRules.slice(0, 3),
    feedbackRules: feedbackRules.slice(0, 4),
    domainRules,
    policies,
  };
}

async function keyOf(database: Database, role: HubRole): Promise<string> {
  const issued = await issueHubKey(database, { name: `test ${role}`, role, replace: true });
  if (issued === undefined) throw new Error('expected a key, found none');
  return issued.key;
}

type WholeCall = CallOptions & { readonly method: string; readonly path: string };

export async function call(url: string, { method, path, key, body, headers = {} }: WholeCall): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isJson ? JSON.parse(text) : text) as AnswerBody,
  };
}

/** The first of a list that cannot be empty. */
export function firstOf<Item>([first]: readonly Item[]): Item {
  if (first === undefined) throw new Error('expected an item, found none');
  return first;
}

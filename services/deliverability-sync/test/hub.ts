import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

import type { RuleSetDocument } from '@mxflow/contracts';
import { bundledRuleSet, derivedSigningKey, signRuleSet, type SigningKey } from '@mxflow/rule-set';

export const SECRET = 'the secret of an instance and of its hub';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What a deliverability instance does, as far as a client sees: serves what it is told to, however wrong it is. */
export type SigningServer = AsyncDisposable & {
  readonly url: string;
  readonly key: SigningKey;
  /** Requests so far. */
  readonly asked: IncomingMessage[];
  /** Bodies that were posted. */
  readonly posted: string[];
  /** Serves a document, signed, with an ETag. */
  serve(document: RuleSetDocument, keys?: readonly SigningKey[]): Promise<void>;
  /** Serves something else. */
  answer(handler: Handler): void;
};

export async function startSigningServer(): Promise<SigningServer> {
  const key = await derivedSigningKey(SECRET);
  const asked: IncomingMessage[] = [];
  const posted: string[] = [];
  let handle: Handler = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => {
    asked.push(request);
    if (request.method !== 'POST') return handle(request, response);
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      posted.push(text);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    key,
    asked,
    posted,
    serve: async (document, keys = [key]) => {
      const octets = gzipSync(await signRuleSet(document, keys));
      const etag = `"${document.version}"`;
      handle = (request, response) => {
        if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end();
        response.writeHead(200, { etag, 'content-encoding': 'gzip' }).end(octets);
      };
    },
    answer: (handler) => (handle = handler),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const bundled = bundledRuleSet();

/** A rule set of few rules, which are checked in a moment: `connections` at every level for the first of them. */
export function documentOf(version: number, change: Partial<RuleSetDocument> = {}): RuleSetDocument {
  return {
    format: 1,
    version,
    publishedAt: '2026-01-01T00:00:00.000Z',
    note: `version ${version}`,
    mxRules: bundled.mxRules.slice(-2 - (version % 2)),
    bounceRules: bundled.bounceRules.slice(0, 3),
    feedbackRules: bundled.feedbackRules.slice(0, 2),
    domainRules: [],
    policies: bundled.policies,
    ...change,
  };
}

import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { MAX_RULE_SET_OCTETS, RULE_SET_MEDIA_TYPE } from '@mxflow/contracts';
import { request, type Agent } from 'undici';

import { CleartextError } from './hub-connection.ts';
import type { RuleSetSource } from './source.ts';

/** What the source answered. */
export type Fetched =
  | { readonly kind: 'octets'; readonly octets: Uint8Array; readonly etag: string | undefined }
  /** It still has what `etag` names. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly because: FetchFailure; readonly detail: string };

export type FetchFailure =
  /** No connection, or it broke before the last octet. */
  | 'unreachable'
  | 'cut-off'
  /** Not done within the deadline, however busily it sent. */
  | 'too-slow'
  | 'too-large'
  /** Elsewhere is not where the operator said. */
  | 'redirected'
  | 'key-refused'
  | 'cleartext'
  /** Any other answer than the one asked for. */
  | 'status'
  | 'encoding';

/** Octets of an answer that only tells what went wrong. */
const MAX_WORDS = 2000;

/**
 * Fetches the newest rule set. Bounded in time over all, and in octets both as they come and unpacked; follows no redirect.
 *
 * @param etag of what is here already.
 */
export async function fetchRuleSet(
  source: RuleSetSource,
  connections: Agent,
  { etag, signal }: { readonly etag: string | undefined; readonly signal: AbortSignal },
): Promise<Fetched> {
  const deadline = AbortSignal.timeout(source.deadlineMs);
  try {
    const { statusCode, headers, body } = await request(source.url, {
      dispatcher: connections,
      headers: {
        accept: `${RULE_SET_MEDIA_TYPE}, application/json`,
        'accept-encoding': 'gzip',
        'user-agent': 'mxflow',
        ...(source.key === undefined ? {} : { authorization: `Bearer ${source.key}` }),
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
      },
      signal: AbortSignal.any([deadline, signal]),
    });
    if (statusCode !== 200) return await refusal(statusCode, body, etag);
    const octets = await unpack(body, String(headers['content-encoding'] ?? 'identity'));
    return { kind: 'octets', octets, etag: headers['etag']?.toString() };
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) return failed('too-slow', `expected all of it within ${source.deadlineMs} ms`);
    return failureOf(error);
  }
}

async function refusal(statusCode: number, body: Readable, etag: string | undefined): Promise<Fetched> {
  if (statusCode === 304 && etag !== undefined) {
    discard(body);
    return { kind: 'unchanged' };
  }
  if (statusCode >= 300 && statusCode < 400) {
    discard(body);
    return failed('redirected', `expected the rule set at the URL that is set, found a redirect (${statusCode})`);
  }
  const words = await firstWords(body);
  return failed(
    statusCode === 401 || statusCode === 403 ? 'key-refused' : 'status',
    `expected status 200, found ${statusCode}${words === '' ? '' : `: ${words}`}`,
  );
}

/** Whatever else would come: nobody reads it. */
function discard(body: Readable): void {
  body.on('error', () => {}).destroy();
}

async function firstWords(body: Readable): Promise<string> {
  let words = '';
  for await (const chunk of body) {
    words += String(chunk);
    if (words.length > MAX_WORDS) break;
  }
  discard(body);
  return (titleOf(words) ?? words).slice(0, MAX_WORDS).trim();
}

/** Of problem details (RFC 9457), what they say. */
function titleOf(words: string): string | undefined {
  try {
    const { title, detail } = JSON.parse(words) as { readonly title?: unknown; readonly detail?: unknown };
    return [title, detail].filter((part) => typeof part === 'string').join(': ');
  } catch {
    // Something else: its own words are all there is.
    return undefined;
  }
}

class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
  readonly code = 'MXFLOW_TOO_LARGE';
}

class EncodingError extends Error {
  override readonly name = 'EncodingError';
  readonly code = 'MXFLOW_ENCODING';
}

async function unpack(body: Readable, encoding: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  const gather = async (unpacked: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of unpacked) chunks.push(chunk);
  };
  switch (encoding) {
    case 'identity':
      await pipeline(body, atMost('as it came'), gather);
      break;
    case 'gzip':
      await pipeline(body, atMost('as it came'), createGunzip(), atMost('unpacked'), gather);
      break;
    default:
      discard(body);
      throw new EncodingError(`expected gzip or nothing as content-encoding, found ${encoding.slice(0, 100)}`);
  }
  return Buffer.concat(chunks);
}

/** Ends what is longer than a rule set may be, as soon as it is. */
function atMost(how: string): Transform {
  let octets = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      octets += chunk.length;
      if (octets <= MAX_RULE_SET_OCTETS) done(null, chunk);
      else done(new TooLargeError(`expected at most ${MAX_RULE_SET_OCTETS} octets ${how}, found more`));
    },
  });
}

function failureOf(error: unknown): Fetched {
  const { code = '', message } = error as { readonly code?: string; readonly message: string };
  if (error instanceof TooLargeError) return failed('too-large', message);
  if (error instanceof EncodingError) return failed('encoding', message);
  if (error instanceof CleartextError) return failed('cleartext', message);
  const words = [code, message].filter((part) => part !== '').join(': ');
  if (code.startsWith('Z_')) return failed('cut-off', `expected gzip to its end, found ${words}`);
  return failed(/^(?:UND_ERR_SOCKET|ECONNRESET|UND_ERR_RES_CONTENT)/.test(code) ? 'cut-off' : 'unreachable', words);
}

function failed(because: FetchFailure, detail: string): Fetched {
  return { kind: 'failed', because, detail };
}

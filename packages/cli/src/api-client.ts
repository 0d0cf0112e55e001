import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';

import type { Fault, Problem } from '@mxflow/contracts';

/** Where the API is, and the key that opens it. */
export type ApiAccess = { readonly api: string; readonly apiKey: string };

/** The API said no, or could not be reached: what it said, for the person at the terminal. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code = 'MXFLOW_API';
}

export type Request = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Readable;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Asks the API; throws ApiError with the problem's details where it answers anything but 2xx. */
export async function ask<Answer>(access: ApiAccess, request: Request): Promise<Answer> {
  const text = await (await send(access, request)).text();
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
}

/** Asks for what is too long to be held: its octets, as they come. */
export async function download(access: ApiAccess, request: Request): Promise<Readable> {
  const { body } = await send(access, request);
  return body === null ? Readable.from([]) : Readable.fromWeb(body);
}

async function send(access: ApiAccess, request: Request): Promise<Response> {
  const response = await fetch(urlOf(access, request), {
    method: request.method,
    headers: {
      authorization: `Bearer ${access.apiKey}`,
      ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
      ...request.headers,
    },
    ...(request.body === undefined ? {} : { body: request.body, duplex: 'half' }),
  }).catch((cause: unknown) => {
    throw new ApiError(`${access.api} does not answer: ${reasonOf(cause)}`, { cause });
  });
  if (!response.ok) {
    throw new ApiError(`${describeProblem(response.status, await response.text())}${hintOf(response.status, request)}`);
  }
  return response;
}

/** What a person has to know besides, since the API cannot: whose key it was, and what was asked for. */
function hintOf(status: number, { path }: Request): string {
  switch (status) {
    case 401:
      return '\n  the key comes from --key, --hub-key, the environment or the endpoints file: see --help';
    case 404:
      return `\n  asked for ${path}`;
    default:
      return '';
  }
}

function urlOf({ api }: ApiAccess, { path, query = {} }: Request): URL {
  const url = new URL(`${api}${path}`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

function describeProblem(status: number, text: string): string {
  try {
    const { title, detail, errors = [] } = JSON.parse(text) as Problem;
    const head = detail === undefined ? title : `${title}: ${detail}`;
    return [`${status} ${head}`, ...describeFaults(errors)].join('\n');
  } catch {
    // Not one of our problems: something else answered, and its words are all there is.
    return `${status} ${text.slice(0, 500)}`;
  }
}

/** What is wrong, a line each: which rule, where in it, what was expected there. */
export function describeFaults(faults: readonly Fault[]): readonly string[] {
  return faults.map(({ pointer, id, expected, found }) => {
    const place = id === undefined ? pointer || '/' : `${id} ${pointer}`;
    return `  ${place}: expected ${expected}, found ${found}`;
  });
}

/** What `npm start -- --endpoints` writes, as far as commands need it. */
export type Endpoints = Partial<ApiAccess> & { readonly hub?: string; readonly hubKey?: string };

export function readEndpoints(file: string): Endpoints {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
  } catch (cause) {
    throw new ApiError(`${file}: expected the JSON file that npm start -- --endpoints writes`, { cause });
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

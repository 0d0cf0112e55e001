import type { Fault } from '@mxflow/contracts';

/** Every kind of problem that a caller can be told of, once: status code (RFC 9110) and title. */
const CATALOGUE = {
  malformed: { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'A valid API key is needed' },
  forbidden: { status: 403, title: 'The API key does not allow this' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'wrong-method': { status: 405, title: 'The method is not supported here' },
  'too-slow': { status: 408, title: 'The request did not arrive in time' },
  'key-in-use': { status: 409, title: 'The same post is being received now' },
  'other-content': { status: 409, title: 'The idempotency key was used for other content' },
  'wrong-state': { status: 409, title: 'The state does not allow this' },
  'precondition-failed': { status: 412, title: 'It is not as you have seen it any more' },
  'too-large': { status: 413, title: 'The request is too large' },
  'media-type': { status: 415, title: 'The media type is not supported' },
  invalid: { status: 422, title: 'The request has faults' },
  'precondition-required': { status: 428, title: 'Say in If-Match what you have seen' },
  'too-many': { status: 429, title: 'Too many requests at once' },
  internal: { status: 500, title: 'Something broke on our side' },
  unavailable: { status: 503, title: 'Not available at the moment' },
} as const;

export type ProblemKind = keyof typeof CATALOGUE;

export type ProblemOptions = {
  readonly detail?: string;
  readonly faults?: readonly Fault[];
  /** Sent as Retry-After (RFC 9110 §10.2.3), rounded up to whole seconds. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
};

/** Ends a request with an answer in problem details (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code = 'MXFLOW_PROBLEM';
  readonly kind: ProblemKind;
  readonly faults: readonly Fault[] | undefined;
  readonly detail: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: ProblemKind, { detail, faults, retryAfterSeconds, cause }: ProblemOptions = {}) {
    super(detail ?? CATALOGUE[kind].title, { cause });
    this.kind = kind;
    this.faults = faults;
    this.detail = detail;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export function statusOf(kind: ProblemKind): number {
  return CATALOGUE[kind].status;
}

/** The body of the answer. */
export function problemBody({ kind, detail, faults }: ProblemError): object {
  const { status, title } = CATALOGUE[kind];
  return {
    type: `urn:mxflow:problem:${kind}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(faults === undefined ? {} : { errors: faults }),
  };
}

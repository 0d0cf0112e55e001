import { randomBytes } from 'node:crypto';

import type { Fault, JobAccepted } from '@mxflow/contracts';
import { base62, type JobOrder, type JobTotals } from '@mxflow/db';
import { ClientGoneError, foundText, ProblemError, type ProblemKind } from '@mxflow/http-api';
import { currentTraceparent } from '@mxflow/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { announceJob } from './announce.ts';
import type { ApiParts } from './api.ts';
import { callerOf } from './authenticate.ts';
import { isStream } from './body-parsers.ts';
import type { RefusalReason } from './events.ts';
import { openStream, openWhole, type JobSource } from './job-source.ts';
import { readDefinition } from './read-definition.ts';
import { receiveJob, type JobReceipt } from './receive-job.ts';

/** POST /v1/jobs: answered 202 only when every recipient is durable. */
export async function postJob(parts: ApiParts, request: FastifyRequest, reply: FastifyReply): Promise<JobAccepted> {
  const { database, events, limits } = parts;
  const startedAt = performance.now();
  try {
    const key = readIdempotencyKey(request.headers['idempotency-key']);
    const source = await openSource(request, limits.bodyOctets);
    const receipt = await receiveJob({
      database,
      order: orderJob(source.definition, { tenantId: callerOf(request).tenantId, key }),
      recipients: source.recipients,
      leaseSeconds: limits.receiverLeaseSeconds,
      mayBeRepeated: (error) => !(error instanceof ProblemError) || error.kind === 'too-slow',
    });
    if (receipt.kind === 'accepted') {
      announceJob(parts, receipt);
      const { publicId, recipients, rejectedCount } = receipt;
      events.jobAccepted({ publicId, recipients, rejectedCount, tookMs: Math.round(performance.now() - startedAt) });
    }
    return answer(receipt, isStream(request), reply);
  } catch (error) {
    events.jobRefused(reasonOf(error), error instanceof Error ? error.message : String(error));
    throw error;
  }
}

async function openSource(request: FastifyRequest, maxOctets: number): Promise<JobSource> {
  if (isStream(request)) return await openStream(request.body as AsyncIterable<Buffer>, maxOctets);
  const source = openWhole(request.body);
  if ('faults' in source) throw new ProblemError('invalid', { faults: source.faults });
  return source;
}

function orderJob(definition: unknown, { tenantId, key }: { tenantId: number; key: string | undefined }): JobOrder {
  const reading = readDefinition(definition);
  if (reading.kind === 'faults') throw new ProblemError('invalid', { faults: reading.faults });
  const traceparent = currentTraceparent();
  return {
    ...reading.job,
    tenantId,
    publicId: `j${base62(randomBytes(16))}`,
    ...(key === undefined ? {} : { idempotencyKey: key }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

function readIdempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  const expected = '1 to 255 printable ASCII characters without blanks';
  const found = typeof header === 'string' ? foundText(header) : 'several';
  throw new ProblemError('malformed', {
    detail: 'Idempotency-Key cannot be used',
    faults: [{ pointer: '', expected, found }],
  });
}

/** Rejected recipients shown where none could be used. */
const MAX_SHOWN = 20;

function answer(receipt: JobReceipt, isStreamed: boolean, reply: FastifyReply): JobAccepted {
  switch (receipt.kind) {
    case 'accepted':
    case 'replayed': {
      const { publicId: id, recipients: accepted, rejectedCount: rejected } = receipt;
      if (receipt.kind === 'replayed') void reply.header('idempotency-replayed', 'true');
      void reply.code(202).header('location', `/v1/jobs/${id}`);
      return { id, accepted, rejected };
    }
    case 'other-content':
      throw new ProblemError('other-content');
    case 'in-progress':
      throw new ProblemError('key-in-use', { retryAfterSeconds: receipt.retryAfterSeconds });
    case 'no-recipients':
      throw new ProblemError('invalid', {
        detail: 'not one recipient can be used',
        faults: describeRejected(receipt.rejected, isStreamed),
      });
  }
}

function describeRejected(rejected: JobTotals['rejected'], isStreamed: boolean): readonly Fault[] {
  if (rejected.length === 0) {
    return [{ pointer: isStreamed ? '' : '/recipients', expected: 'at least one recipient', found: 'none' }];
  }
  return rejected.slice(0, MAX_SHOWN).map(({ line, pointer, expected, found }) => ({
    pointer: isStreamed ? pointer : `/recipients/${line}${pointer}`,
    expected,
    found: isStreamed ? `${found} on line ${line}` : found,
  }));
}

function reasonOf(error: unknown): RefusalReason {
  if (error instanceof ClientGoneError) return 'broken_off';
  return error instanceof ProblemError ? reasonOfKind(error.kind) : 'overload';
}

function reasonOfKind(kind: ProblemKind): RefusalReason {
  switch (kind) {
    case 'too-slow':
      return 'broken_off';
    case 'key-in-use':
    case 'other-content':
    case 'precondition-failed':
    case 'precondition-required':
      return 'conflict';
    case 'too-large':
      return 'too_large';
    case 'too-many':
    case 'unavailable':
    case 'internal':
      return 'overload';
    case 'malformed':
    case 'unauthorized':
    case 'forbidden':
    case 'not-found':
    case 'wrong-state':
    case 'wrong-method':
    case 'media-type':
    case 'invalid':
      return 'invalid';
  }
}

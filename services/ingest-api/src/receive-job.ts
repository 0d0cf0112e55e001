import { randomUUID } from 'node:crypto';

import {
  acceptJob,
  beginJob,
  discardJob,
  findPostedJob,
  letJobGo,
  listChunkDigests,
  takeJobOver,
  type Database,
  type JobOrder,
  type PostedJob,
  type ReceivedJob,
} from '@mxflow/db';

import { holdReceiver } from './hold-receiver.ts';
import { decidePost } from './post-decision.ts';
import { compareRecipients, storeRecipients, type Recipients, type Stored } from './store-recipients.ts';

export type JobReceipt =
  | {
      readonly kind: 'accepted';
      readonly jobNumber: string;
      readonly publicId: string;
      readonly recipients: number;
      readonly rejectedCount: number;
      readonly chunks: number;
    }
  /** Accepted by an earlier post of the same content. */
  | {
      readonly kind: 'replayed';
      readonly publicId: string;
      readonly recipients: number;
      readonly rejectedCount: number;
    }
  /** The key stands for other content; nothing was changed. */
  | { readonly kind: 'other-content' }
  /** The same key is being posted by somebody else. */
  | { readonly kind: 'in-progress'; readonly retryAfterSeconds: number }
  /** Not one recipient could be used; nothing is left of the job. */
  | { readonly kind: 'no-recipients'; readonly rejected: Stored['rejected'] };

export type Reception = {
  readonly database: Database;
  readonly order: JobOrder;
  readonly recipients: Recipients;
  /** How long a receiver is believed alive without a sign of life. */
  readonly leaseSeconds: number;
  /** True for errors after which the same post may be repeated as it is: the job is then kept for its key. */
  readonly mayBeRepeated: (error: unknown) => boolean;
};

/**
 * Receives a job to its end: `(new | taken over) → chunks stored one by one → accepted`, or compares a repeat with what
 * an earlier post has left. Nothing of a job is prepared before it is accepted.
 */
export async function receiveJob(reception: Reception): Promise<JobReceipt> {
  const { database, order } = reception;
  const { idempotencyKey: key, tenantId } = order;
  const receiver = { receiver: randomUUID(), leaseSeconds: reception.leaseSeconds };
  const earlier = key === undefined ? undefined : await findPostedJob(database, tenantId, key);
  if (earlier !== undefined) return await receiveRepeat(reception, earlier, receiver);
  const begun = await beginJob(database, order, receiver);
  if (begun !== 'key-is-taken') return await receiveFrom(reception, begun, []);
  const faster = key === undefined ? undefined : await findPostedJob(database, tenantId, key);
  // Begun and discarded between two statements: whoever asks again finds it free.
  return faster === undefined
    ? { kind: 'in-progress', retryAfterSeconds: 1 }
    : await receiveRepeat(reception, faster, receiver);
}

async function receiveRepeat(
  reception: Reception,
  earlier: PostedJob,
  receiver: Pick<ReceivedJob, 'receiver' | 'leaseSeconds'>,
): Promise<JobReceipt> {
  const { database, order, recipients } = reception;
  const decision = decidePost(earlier, order.definitionSha256);
  switch (decision.kind) {
    case 'other-content':
      return { kind: 'other-content' };
    case 'wait':
      return { kind: 'in-progress', retryAfterSeconds: decision.seconds };
    case 'take-over': {
      const job = await takeJobOver(database, earlier, receiver);
      if (job === undefined) return { kind: 'in-progress', retryAfterSeconds: receiver.leaseSeconds };
      return await receiveFrom(reception, job, await listChunkDigests(database, job.jobNumber));
    }
    case 'replay': {
      const isSame = await compareRecipients(recipients, earlier, await listChunkDigests(database, earlier.jobNumber));
      const { publicId, recipients: count, rejectedCount } = earlier;
      return isSame ? { kind: 'replayed', publicId, recipients: count, rejectedCount } : { kind: 'other-content' };
    }
  }
}

/** Stores what is not stored yet, and accepts. Whatever goes wrong, the job is either kept for its key or gone. */
async function receiveFrom(
  reception: Reception,
  job: ReceivedJob,
  digests: Awaited<ReturnType<typeof listChunkDigests>>,
): Promise<JobReceipt> {
  const { database, order, recipients } = reception;
  using held = holdReceiver(database, job);
  try {
    const stored = await storeRecipients({ database, job, digests, recipients, isLost: held.isLost });
    if (stored === 'other-content') {
      await letJobGo(database, job);
      return { kind: 'other-content' };
    }
    if (stored === 'lost') return { kind: 'in-progress', retryAfterSeconds: job.leaseSeconds };
    if (stored.recipients === 0) {
      await discardJob(database, job);
      return { kind: 'no-recipients', rejected: stored.rejected };
    }
    const isAccepted = await acceptJob(database, job, stored);
    if (!isAccepted) return { kind: 'in-progress', retryAfterSeconds: job.leaseSeconds };
    return { kind: 'accepted', jobNumber: job.jobNumber, publicId: job.publicId, ...totalsOf(stored) };
  } catch (error) {
    const isKept = order.idempotencyKey !== undefined && reception.mayBeRepeated(error);
    // The first error is the one to report; a job that could not be let go is swept when its lease is over.
    await (isKept ? letJobGo(database, job) : discardJob(database, job)).catch(() => undefined);
    throw error;
  }
}

function totalsOf({ recipients, rejectedCount, chunks }: Stored): Omit<Stored, 'rejected'> {
  return { recipients, rejectedCount, chunks };
}

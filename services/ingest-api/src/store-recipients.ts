import {
  digestRecipientLines,
  packRecipientLines,
  storeChunk,
  type ChunkDigest,
  type Database,
  type JobTotals,
  type PostedJob,
  type ReceivedJob,
  type RecipientLines,
} from '@mxflow/db';
import { MAX_RECIPIENTS_PER_JOB } from '@mxflow/domain';
import { ProblemError } from '@mxflow/http-api';

import { createChunkCutter } from './chunk-cutter.ts';
import { sameOctets } from './post-decision.ts';
import type { RecipientReading } from './read-recipient.ts';

/** A recipient as read, with its place in the post. */
export type NumberedRecipient = { readonly line: number; readonly reading: RecipientReading };

/** The recipients of a post, some at a time, read as fast as they are taken. */
export type Recipients = AsyncIterable<readonly NumberedRecipient[]>;

/** What came of all recipients. */
export type Stored = JobTotals;

/** Rejected recipients that are listed; all are counted. */
const MAX_LISTED = 1_000;

export type StoreOrder = {
  readonly database: Database;
  readonly job: ReceivedJob;
  /** The chunks that an earlier receiver of the job has stored. */
  readonly digests: readonly ChunkDigest[];
  readonly recipients: Recipients;
  readonly isLost: () => boolean;
};

/**
 * Stores recipients chunk by chunk, comparing those that are stored already. One chunk is written while the next is
 * read; reading goes no further than that.
 */
export async function storeRecipients(order: StoreOrder): Promise<Stored | 'other-content' | 'lost'> {
  const { database, job, digests, recipients, isLost } = order;
  const tally = createTally();
  let writing: Promise<boolean> = Promise.resolve(true);
  let number = 0;
  let firstOrdinal = 0;
  try {
    for await (const lines of cutChunks(recipients, tally)) {
      const digest = digests[number];
      if (digest === undefined) {
        const chunk = packRecipientLines(lines);
        if (!(await writing)) return 'lost';
        writing = startWriting(storeChunk(database, job, { ...chunk, number, firstOrdinal }));
      } else if (!isSameChunk(digestRecipientLines(lines), digest)) return 'other-content';
      if (isLost()) return 'lost';
      number += 1;
      firstOrdinal += lines.recipientCount;
    }
    if (!(await writing)) return 'lost';
  } finally {
    // Nothing of this job is under way when the caller decides what becomes of it.
    await writing.catch(() => false);
  }
  if (number < digests.length) return 'other-content';
  return { recipients: firstOrdinal, chunks: number, ...tally.totals() };
}

/** True where the recipients are those of a job that was accepted. */
export async function compareRecipients(
  recipients: Recipients,
  job: PostedJob,
  digests: readonly ChunkDigest[],
): Promise<boolean> {
  const tally = createTally();
  let number = 0;
  for await (const lines of cutChunks(recipients, tally)) {
    const digest = digests[number];
    if (digest === undefined || !isSameChunk(digestRecipientLines(lines), digest)) return false;
    number += 1;
  }
  return number === digests.length && tally.totals().rejectedCount === job.rejectedCount;
}

async function* cutChunks(recipients: Recipients, tally: Tally): AsyncGenerator<RecipientLines> {
  const cutter = createChunkCutter();
  for await (const batch of recipients) {
    for (const { line, reading } of batch) {
      if (reading.kind === 'fault') {
        tally.reject({ line, ...reading.fault });
        continue;
      }
      tally.accept();
      const chunk = cutter.add(reading.line);
      if (chunk !== undefined) yield chunk;
    }
  }
  const rest = cutter.rest();
  if (rest !== undefined) yield rest;
}

type Tally = ReturnType<typeof createTally>;

function createTally() {
  const rejected: JobTotals['rejected'][number][] = [];
  let rejectedCount = 0;
  let accepted = 0;
  return {
    accept: (): void => {
      accepted += 1;
      if (accepted <= MAX_RECIPIENTS_PER_JOB) return;
      throw new ProblemError('too-large', { detail: `at most ${MAX_RECIPIENTS_PER_JOB} recipients a job` });
    },
    reject: (recipient: JobTotals['rejected'][number]): void => {
      rejectedCount += 1;
      if (rejected.length < MAX_LISTED) rejected.push(recipient);
    },
    totals: () => ({ rejected, rejectedCount }),
  };
}

function isSameChunk(chunk: ChunkDigest, digest: ChunkDigest): boolean {
  return chunk.recipientCount === digest.recipientCount && sameOctets(chunk.sha256, digest.sha256);
}

/** Its failure is met where it is awaited, later than the runtime would wait for. */
function startWriting(work: Promise<boolean>): Promise<boolean> {
  work.catch(() => undefined);
  return work;
}

import type { Message } from '@mxflow/contracts';
import { prepareChunk, readChunk, unpackRecipients, type Database } from '@mxflow/db';
import { domainOf, type Recipient } from '@mxflow/domain';
import { done, park, type Verdict } from '@mxflow/messaging';

import type { PrepareEvents } from '../events.ts';
import type { DomainSites } from './domain-sites.ts';
import { preparedRecipients } from './prepared-recipients.ts';

export type PrepareOptions = {
  readonly database: Database;
  readonly domains: DomainSites;
  /** Decides by which rule new sites' messages go. */
  readonly decideSites: () => Promise<unknown>;
  readonly events: PrepareEvents;
  /** There is work in a lane that was not there before. */
  readonly onWork: () => void;
};

type ChunkName = Message<'job.chunk-accepted.v1'>;

/**
 * Makes an accepted chunk into work. A repeat changes nothing: what was prepared is left alone, and two that prepare the
 * same chunk at once meet at its row.
 */
export function createPreparer(options: PrepareOptions): (message: { readonly body: ChunkName }) => Promise<Verdict> {
  const { database, domains, decideSites, events, onWork } = options;
  return async ({ body }) => {
    const startedMs = performance.now();
    const chunk = await readChunk(database, body.jobNumber, body.chunk);
    if (chunk === undefined || chunk.recipients === null) return done;
    const recipients = await unpack(chunk.recipients);
    if ('unreadable' in recipients) {
      events.chunkUnreadable(body, recipients.unreadable);
      return park(`chunk ${body.chunk} of job ${body.jobNumber} cannot be read: ${recipients.unreadable}`);
    }
    const sites = await domains.sitesOf([...new Set(recipients.map(({ address }) => domainOf(address)))]);
    await decideSites();
    const prepared = await prepareChunk(database, {
      jobNumber: body.jobNumber,
      number: body.chunk,
      pool: chunk.pool,
      urgency: chunk.urgency,
      recipients: preparedRecipients(recipients, { ...body, firstOrdinal: chunk.firstOrdinal, sites }),
    });
    if (prepared.kind === 'already-prepared') return done;
    const tookMs = performance.now() - startedMs;
    const { jobNumber } = body;
    events.chunkPrepared({ jobNumber, recipients: recipients.length, ignored: prepared.ignored, tookMs });
    onWork();
    return done;
  };
}

async function unpack(packed: Uint8Array): Promise<readonly Recipient[] | { readonly unreadable: string }> {
  try {
    return await unpackRecipients(packed);
  } catch (error) {
    // Bytes that cannot be unpacked today cannot be tomorrow: a fact about the chunk, not trouble on the way.
    return { unreadable: String(error) };
  }
}

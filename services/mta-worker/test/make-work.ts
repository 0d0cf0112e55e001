import { createHash } from 'node:crypto';

import {
  ensureLane,
  prepareChunk,
  releaseWork,
  saveDomains,
  type Database,
  type PreparedRecipient,
  type ReleasedMessage,
} from '@mxflow/db';
import { addressKey, domainOf, messageIdOf } from '@mxflow/domain';

/** The messages of a job, prepared, in a lane. */
export type Work = {
  readonly jobNumber: string;
  readonly laneId: number;
  /** Releases all that are due. */
  release(): Promise<readonly ReleasedMessage[]>;
};

type Mode = 'live' | 'verify' | 'simulate';

export async function makeWork(
  database: Database,
  addresses: readonly string[],
  { mode, siteKeyOf }: { readonly mode: Mode; readonly siteKeyOf: (domain: string) => Promise<string> },
): Promise<Work> {
  const jobNumber = await insertJob(database, addresses.length, mode);
  const laneId = await ensureLane(database, 'default', 'any');
  const domains = [...new Set(addresses.map(domainOf))];
  const resolved = await Promise.all(
    domains.map(async (domain) => {
      return { domain, siteKey: await siteKeyOf(domain), resolution: 'hosts', validSeconds: 60 };
    }),
  );
  const sites = new Map((await saveDomains(database, resolved)).map(({ domain, siteId }) => [domain, siteId]));
  const recipients = addresses.map((address, ordinal): PreparedRecipient => ({
    messageId: messageIdOf(jobNumber, ordinal),
    ordinal,
    address,
    addressKey: addressKey(address),
    addressHash: hashOf(address),
    siteId: sites.get(domainOf(address)) ?? 0,
  }));
  await prepareChunk(database, { jobNumber, number: 0, pool: 'default', urgency: 2, recipients });
  const releases = [...new Set(sites.values())].map((siteId) => ({ urgency: 2, jobNumber, siteId, quota: 100_000 }));
  return { jobNumber, laneId, release: () => releaseWork(database, laneId, releases) };
}

async function insertJob(database: Database, recipients: number, mode: Mode) {
  const tenant = await database.client.tenant.upsert({ where: { name: 't' }, create: { name: 't' }, update: {} });
  const retry = { delaysSeconds: [60], thenEverySeconds: 60, greylistSeconds: 5 };
  const job = await database.client.job.create({
    data: {
      publicId: crypto.randomUUID(),
      tenant: { connect: { id: tenant.id } },
      content: { create: { content: { subject: 'Hello', text: 'Hi there\n.dot\n' } } },
      state: 'active',
      mode,
      urgency: 2,
      pool: 'default',
      validUntil: new Date(Date.now() + 86_400_000),
      settings: { from: { address: 'news@sender.test' }, retry },
      definitionSha256: new Uint8Array(32),
      recipients,
      chunks: 1,
      counts: { create: { pending: recipients } },
    },
  });
  const chunk = { jobId: job.id, number: 0, firstOrdinal: 0, recipientCount: recipients, sha256: new Uint8Array(32) };
  await database.client.jobChunk.create({ data: chunk });
  return job.id.toString();
}

function hashOf(address: string): string {
  const hex = createHash('sha256').update(addressKey(address)).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

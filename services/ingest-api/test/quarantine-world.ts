import { recordOutcomes, saveDomains, type Database } from '@mxflow/db';
import { messageIdOf } from '@mxflow/domain';

const TABLES = ['quarantine', 'quarantine_history', 'guard_held', 'guard_sites', 'guard_hours', 'guard_effects'];

/** Nobody is quarantined, and the guard knows nothing. */
export async function emptyQuarantine(database: Database): Promise<void> {
  for (const table of TABLES) await database.client.$executeRawUnsafe(`DELETE FROM ${table}`);
}

/** What a server answered to messages to these addresses, at one site: recorded as bounce-processor records it. */
export async function fail(
  database: Database,
  { addresses, siteId }: { readonly addresses: readonly string[]; readonly siteId: number },
): Promise<string> {
  const tenant = await database.client.tenant.upsert({ where: { name: 't' }, create: { name: 't' }, update: {} });
  const publicId = `j${Math.random().toString(36).slice(2)}`;
  const job = await database.client.job.create({
    data: {
      publicId,
      tenant: { connect: { id: tenant.id } },
      content: { create: { content: { subject: 's', text: 't' } } },
      state: 'active',
      mode: 'live',
      urgency: 2,
      pool: 'default',
      validUntil: new Date(Date.now() + 86_400_000),
      settings: { retry: { delaysSeconds: [60], thenEverySeconds: 60, greylistSeconds: 5 } },
      definitionSha256: new Uint8Array(32),
      recipients: addresses.length,
      chunks: 1,
      counts: { create: { pending: addresses.length } },
    },
  });
  await database.client.$executeRawUnsafe(
    `INSERT INTO work (message_id, job_id, state, due_at, lane_id, site_id, urgency, worker, claimed_at, address)
     SELECT ($1::bigint << 27) | (n - 1), $1::bigint, 'sending', mxflow_now(), 1, $3::int, 2, 1, mxflow_now(), a
     FROM unnest($2::text[]) WITH ORDINALITY AS r(a, n)`,
    job.id.toString(),
    addresses,
    siteId,
  );
  await recordOutcomes(
    database,
    addresses.map((_, ordinal) => ({
      messageId: messageIdOf(job.id.toString(), ordinal),
      attempt: 1,
      status: 'failed',
      failureType: 'hard',
      failureReason: 'user-unknown',
      failureDetail: 'user-unknown',
      rule: 'Address_unknown',
      replyCode: 550,
      enhancedStatus: '5.1.1',
      reply: '550 5.1.1 <someone@shop.test>: Recipient address rejected: User unknown',
      mxHost: 'mx.shop.test',
      inDoubt: false,
    })),
  );
  return publicId;
}

/** The site of a domain, on hosts of its own or of a provider's. */
export async function siteOf(database: Database, domain: string, provider?: string): Promise<number> {
  const siteKey = `mx:0 mx.${domain}${provider === undefined ? '' : `.${provider}`}`;
  const [site] = await saveDomains(database, [{ domain, siteKey, provider, resolution: 'hosts', validSeconds: 60 }]);
  if (site === undefined) throw new Error('expected a site');
  return site.siteId;
}

import { createTestDatabase } from '@mxflow/infra/testing';
import { migrate, openDatabase, type Database } from '../src/index.ts';

/** A migrated database of this test file's own. */
export async function openTestDatabase(): Promise<Database & { readonly url: string }> {
  const made = await createTestDatabase({
    templateKey: 'mxflow',
    prepare: async (url) => void (await migrate(url)),
  });
  const database = openDatabase(made.databaseUrl);
  return {
    ...database,
    url: made.databaseUrl,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await made[Symbol.asyncDispose]();
    },
  };
}

/** An accepted job with so many recipients in one chunk, not yet prepared. */
export async function insertJob(
  database: Database,
  { recipients, state = 'active' }: { recipients: number; state?: 'active' | 'paused' },
): Promise<string> {
  const tenant = await database.client.tenant.upsert({
    where: { name: 't' },
    create: { name: 't' },
    update: {},
  });
  const job = await database.client.job.create({
    data: {
      publicId: `job-${Math.random().toString(36).slice(2)}`,
      tenant: { connect: { id: tenant.id } },
      content: { create: { content: { subject: 's', text: 't' } } },
      state,
      mode: 'live',
      urgency: 2,
      pool: 'default',
      validUntil: new Date(Date.now() + 86_400_000),
      settings: {
        from: { address: 'a@example.com' },
        retry: { delaysSeconds: [60], thenEverySeconds: 60, greylistSeconds: 5 },
      },
      definitionSha256: new Uint8Array(32),
      recipients,
      chunks: 1,
      counts: { create: { pending: recipients } },
    },
  });
  await database.client.jobChunk.create({
    data: {
      jobId: job.id,
      number: 0,
      firstOrdinal: 0,
      recipientCount: recipients,
      sha256: new Uint8Array(32),
    },
  });
  return job.id.toString();
}

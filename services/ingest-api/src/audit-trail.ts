import { appendAudit, type AuditEntry, type Database } from '@mxflow/db';

/** Entries held while the database is away; past that the oldest are lost, and counted in the log. */
const MAX_HELD = 20_000;
const BATCH = 500;
const FLUSH_MS = 1_000;

export type AuditTrail = AsyncDisposable & { readonly add: (entry: AuditEntry) => void };

/** Appends to the audit log in batches, so that a call costs no statement of its own. Disposing writes what is held. */
export function openAuditTrail(database: Database, onLoss: (error: unknown, lost: number) => void): AuditTrail {
  let held: AuditEntry[] = [];
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    while (held.length > 0) {
      const batch = held.slice(0, BATCH);
      try {
        await appendAudit(database, batch);
        held = held.slice(batch.length);
      } catch (error) {
        const lost = Math.max(0, held.length - MAX_HELD);
        held = held.slice(lost);
        onLoss(error, lost);
        return;
      }
    }
  };
  const flush = (): Promise<void> => (writing = writing.then(write));
  const timer = setInterval(() => void flush(), FLUSH_MS);
  return {
    add: (entry) => void held.push(entry),
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await flush();
    },
  };
}

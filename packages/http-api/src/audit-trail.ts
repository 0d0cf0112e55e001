/** Entries held while the database is away; past that the oldest are lost, and counted in the log. */
const MAX_HELD = 20_000;
const BATCH = 500;
const FLUSH_MS = 1_000;

export type AuditTrail<Entry> = AsyncDisposable & { readonly add: (entry: Entry) => void };

export type AuditPlaces<Entry> = {
  /** Appends in one statement. */
  readonly append: (entries: readonly Entry[]) => Promise<void>;
  readonly onLoss: (error: unknown, lost: number) => void;
};

/** Appends to an audit log in batches, so that a call costs no statement of its own. Disposing writes what is held. */
export function openAuditTrail<Entry>({ append, onLoss }: AuditPlaces<Entry>): AuditTrail<Entry> {
  let held: Entry[] = [];
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    while (held.length > 0) {
      const batch = held.slice(0, BATCH);
      try {
        await append(batch);
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

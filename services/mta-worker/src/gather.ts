/**
 * Turns calls one by one into calls in batches: what is asked while a batch is under way goes into the next one, so
 * that batches grow with the load and a lone call waits for nobody.
 *
 * @param run answers for each item, in their order. A throw rejects every call of the batch.
 */
export function gather<Item, Answer>(
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
  { maxBatch }: { readonly maxBatch: number },
): (item: Item) => Promise<Answer> {
  let waiting: Asked<Item, Answer>[] = [];
  let running = false;
  const runAll = async (): Promise<void> => {
    running = true;
    // Calls of one tick belong together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(batch.length);
      await runOne(run, batch);
    }
    running = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!running) void runAll();
    });
}

type Asked<Item, Answer> = {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
};

async function runOne<Item, Answer>(
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
  batch: readonly Asked<Item, Answer>[],
): Promise<void> {
  try {
    const answers = await run(batch.map(({ item }) => item));
    for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

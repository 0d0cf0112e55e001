/** Endpoints told at once, in two groups so that those that fail, and take their time to, leave the others' places alone. */
export type Places = {
  readonly free: (group: PlaceGroup) => number;
  /** Runs `turn` in a place of the group until it ends. */
  readonly take: (group: PlaceGroup, turn: () => Promise<void>) => void;
  /** Resolves when every place is free. */
  readonly emptied: () => Promise<void>;
};

export type PlaceGroup = 'sound' | 'failing';

/** Of all places those for endpoints whose latest delivery failed: at least one. */
const FAILING_SHARE = 0.25;

/** @param onFree called when a place becomes free. */
export function createPlaces(concurrency: number, onFree: () => void): Places {
  const failing = Math.max(1, Math.floor(concurrency * FAILING_SHARE));
  const sizes = { sound: Math.max(1, concurrency - failing), failing } as const;
  const taken = { sound: new Set<Promise<void>>(), failing: new Set<Promise<void>>() } as const;
  return {
    free: (group) => sizes[group] - taken[group].size,
    take(group, turn) {
      const running = turn().finally(() => {
        taken[group].delete(running);
        onFree();
      });
      taken[group].add(running);
    },
    emptied: async () => void (await Promise.allSettled([...taken.sound, ...taken.failing])),
  };
}

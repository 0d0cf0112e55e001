/** Where a chunk ends: whichever is reached first. The same post is always cut alike, so that a repeat can be compared. */
export const CHUNK_LIMITS = { recipients: 2_000, characters: 1_000_000 } as const;

export type ChunkCutter = {
  /** Adds a line; the finished chunk where this line completes one. */
  add(line: string): readonly string[] | undefined;
  /** What is left at the end; `undefined` where nothing is. */
  rest(): readonly string[] | undefined;
};

export function createChunkCutter(limits: { recipients: number; characters: number } = CHUNK_LIMITS): ChunkCutter {
  let lines: string[] = [];
  let characters = 0;
  const take = (): readonly string[] => {
    const chunk = lines;
    lines = [];
    characters = 0;
    return chunk;
  };
  return {
    add: (line) => {
      lines.push(line);
      characters += line.length;
      return lines.length >= limits.recipients || characters >= limits.characters ? take() : undefined;
    },
    rest: () => (lines.length > 0 ? take() : undefined),
  };
}

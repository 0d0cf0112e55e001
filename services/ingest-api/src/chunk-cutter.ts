import type { RecipientLines } from '@mxflow/db';

/** Where a chunk ends: whichever is reached first. The same post is always cut alike, so that a repeat can be compared. */
export const CHUNK_LIMITS = { recipients: 2_000, octets: 1_000_000 } as const;

export type ChunkCutter = {
  /** Adds a line; the finished chunk where this line completes one. A chunk is to be used before the next line is added. */
  add(line: string): RecipientLines | undefined;
  /** What is left at the end; `undefined` where nothing is. */
  rest(): RecipientLines | undefined;
};

const LF = 0x0a;

/**
 * Gathers lines into chunks. They are written into one buffer as they come: kept as strings until a chunk is full, they
 * would grow old in the heap, and a long stream would cost memory by the rate at which they are collected.
 */
export function createChunkCutter(limits: { recipients: number; octets: number } = CHUNK_LIMITS): ChunkCutter {
  let buffer = Buffer.allocUnsafe(256 * 1024);
  let octets = 0;
  let recipientCount = 0;
  const take = (): RecipientLines => {
    const chunk = { recipientCount, text: buffer.subarray(0, octets) };
    octets = 0;
    recipientCount = 0;
    return chunk;
  };
  const append = (line: string): void => {
    // A UTF-16 unit takes at most three octets of UTF-8.
    const needed = octets + line.length * 3 + 1;
    if (needed > buffer.length)
      buffer = Buffer.concat([buffer.subarray(0, octets)], Math.max(needed, buffer.length * 2));
    octets += buffer.write(line, octets, 'utf8');
    buffer[octets] = LF;
    octets += 1;
    recipientCount += 1;
  };
  return {
    add: (line) => {
      append(line);
      return recipientCount >= limits.recipients || octets >= limits.octets ? take() : undefined;
    },
    rest: () => (recipientCount > 0 ? take() : undefined),
  };
}

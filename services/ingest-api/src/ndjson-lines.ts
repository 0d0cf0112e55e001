/** One line of a stream, without its end. */
export type Line =
  | { readonly kind: 'line'; readonly number: number; readonly octets: Buffer }
  /** Longer than allowed: its octets were skipped, never held. */
  | { readonly kind: 'too-long'; readonly number: number };

export type LineLimits = {
  /** Octets of the first line that is not blank. */
  readonly first: number;
  readonly others: number;
};

const LF = 0x0a;

/**
 * Cuts octets into lines (LF, or CRLF), some at a time; blank ones are skipped but numbered. Holds one unfinished line
 * at most, whatever is sent.
 */
export async function* readLines(octets: AsyncIterable<Buffer>, limits: LineLimits): AsyncGenerator<readonly Line[]> {
  const cutter = createCutter(limits);
  for await (const chunk of octets) {
    const lines = cutter.push(chunk);
    if (lines.length > 0) yield lines;
  }
  const last = cutter.end();
  if (last.length > 0) yield last;
}

function createCutter(limits: LineLimits) {
  let number = 0;
  let limit = limits.first;
  let held: Buffer[] = [];
  let heldOctets = 0;

  const hold = (part: Buffer): void => {
    heldOctets += part.length;
    // Past the limit the count is kept and the octets let go.
    if (heldOctets > limit) held = [];
    else held.push(part);
  };
  const finish = (): readonly Line[] => {
    number += 1;
    const isTooLong = heldOctets > limit;
    const octets = trimEnd(held.length === 1 ? (held[0] ?? Buffer.alloc(0)) : Buffer.concat(held));
    held = [];
    heldOctets = 0;
    if (!isTooLong && isBlank(octets)) return [];
    limit = limits.others;
    return [isTooLong ? { kind: 'too-long', number } : { kind: 'line', number, octets }];
  };

  return {
    push: (chunk: Buffer): readonly Line[] => {
      const lines: Line[] = [];
      let start = 0;
      for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
        hold(chunk.subarray(start, end));
        lines.push(...finish());
        start = end + 1;
      }
      // Copied: a view would keep the whole network buffer alive.
      if (start < chunk.length) hold(Buffer.from(chunk.subarray(start)));
      return lines;
    },
    end: (): readonly Line[] => (heldOctets > 0 ? finish() : []),
  };
}

function trimEnd(octets: Buffer): Buffer {
  return octets.at(-1) === 0x0d ? octets.subarray(0, -1) : octets;
}

function isBlank(octets: Buffer): boolean {
  return octets.every((octet) => octet === 0x20 || octet === 0x09 || octet === 0x0d);
}

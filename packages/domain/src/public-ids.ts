/** Largest number of a source. */
const MAX_PUBLIC_ID = 2_147_483_647;

/** A run of sources' numbers, both ends included. */
export type PublicIdRange = { readonly from: number; readonly to: number };

/** Reads `''` (every source), `1`, `3-7` or a list of those; `undefined` where it is none of these. */
export function parsePublicIds(text: string): readonly PublicIdRange[] | undefined {
  if (text === '') return [{ from: 1, to: MAX_PUBLIC_ID }];
  const ranges: PublicIdRange[] = [];
  for (const part of text.split(',')) {
    const match = /^ ?(\d{1,10})(?:-(\d{1,10}))? ?$/.exec(part);
    if (match === null) return undefined;
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    if (from < 1 || to < from || to > MAX_PUBLIC_ID) return undefined;
    ranges.push({ from, to });
  }
  return ranges;
}

/** Whether a list of sources contains one. A list that cannot be read contains none. */
export function containsPublicId(text: string, publicId: number): boolean {
  if (text === '') return true;
  return (parsePublicIds(text) ?? []).some(({ from, to }) => from <= publicId && publicId <= to);
}

/** Whether every source of one list is in the other. */
export function publicIdsCover(wide: string, narrow: string): boolean {
  const outer = mergeRanges(parsePublicIds(wide) ?? []);
  const inner = parsePublicIds(narrow) ?? [];
  return inner.every(({ from, to }) => outer.some((range) => range.from <= from && to <= range.to));
}

/** Whether some source is in both lists. */
export function publicIdsMeet(one: string, other: string): boolean {
  const ranges = parsePublicIds(other) ?? [];
  return (parsePublicIds(one) ?? []).some(({ from, to }) =>
    ranges.some((range) => range.from <= to && from <= range.to),
  );
}

/** The same sources in as few runs as possible: neighbours joined. */
function mergeRanges(ranges: readonly PublicIdRange[]): readonly PublicIdRange[] {
  const merged: PublicIdRange[] = [];
  for (const range of ranges.toSorted((one, other) => one.from - other.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

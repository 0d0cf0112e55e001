/**
 * Whether a mask matches a whole name. `*` stands for any run of characters, dots included and the empty one too; `?`
 * for exactly one. Case does not count. Linear in the name for each `*` tried once: only the last star is ever
 * reconsidered, which is enough, since an earlier one could only give way to a later.
 */
export function matchesMask(mask: string, name: string): boolean {
  const pattern = mask.toLowerCase();
  const text = name.toLowerCase();
  let at = 0;
  let maskAt = 0;
  let starAt = -1;
  let retryAt = 0;
  while (at < text.length) {
    const wanted = pattern[maskAt];
    if (wanted === '*') {
      starAt = maskAt++;
      retryAt = at;
    } else if (wanted === '?' || (wanted !== undefined && wanted === text[at])) {
      maskAt += 1;
      at += 1;
    } else if (starAt >= 0) {
      maskAt = starAt + 1;
      at = ++retryAt;
    } else {
      return false;
    }
  }
  while (pattern[maskAt] === '*') maskAt += 1;
  return maskAt === pattern.length;
}

/** Longest mask: a domain name (RFC 1035 §2.3.4) with a few signs more. */
export const MAX_MASK_LENGTH = 300;

/** More stars than any name has labels would only cost time. */
const MAX_STARS = 16;

/** What is wrong with a mask over host or domain names, as `expected …, found …` reads it; `undefined` where nothing. */
export function maskFault(mask: string): string | undefined {
  if (mask === '') return 'a mask such as *.example.com, not the empty text';
  if (mask.length > MAX_MASK_LENGTH) return `a mask of at most ${MAX_MASK_LENGTH} characters`;
  if (/\s/.test(mask)) return 'a mask without spaces';
  if (mask.includes('\\')) return 'a mask, not a regular expression: nothing in it is escaped';
  if (/[()[\]{}|^$+]/.test(mask)) return 'a mask with * and ? only, not a regular expression';
  if (mask.includes('@')) return 'a mask over host names, not over addresses';
  if (mask.endsWith('.')) return 'a mask without a final dot: names are compared without one';
  if (mask.startsWith('.')) return 'a mask that does not begin with a dot: *.example.com';
  if (mask.includes('..')) return 'a mask without an empty label';
  if (!/^[A-Za-z0-9.*?_-]+$/.test(mask)) return 'a mask of letters, digits, - _ . * ? (international names as xn--…)';
  if ((mask.match(/\*/g) ?? []).length > MAX_STARS) return `a mask of at most ${MAX_STARS} stars`;
  return undefined;
}

/**
 * Whether every name that `narrow` matches is matched by `wide` too. Sure where it says so; where both hold several
 * stars it may fail to see it, and says no.
 */
export function maskCovers(wide: string, narrow: string): boolean {
  // A star of the narrow mask, read as text, is taken only by a star of the wide one; a `?` only by `?` or a star.
  const [outer, inner] = [wide.toLowerCase(), narrow.toLowerCase()];
  return endFits(outer, inner) && coversFrom(outer, inner);
}

/** What stands behind the wide mask's last star must end the narrow one, too: most pairs of a long list differ there. */
function endFits(wide: string, narrow: string): boolean {
  for (let back = 1; back <= wide.length; back += 1) {
    const wanted = wide[wide.length - back];
    if (wanted === '*') return true;
    const sign = narrow[narrow.length - back];
    if (sign === undefined || sign === '*' || (wanted !== '?' && wanted !== sign)) return false;
  }
  return wide.length === narrow.length;
}

function coversFrom(wide: string, narrow: string): boolean {
  // Row by row over the narrow mask: reached[w] = the narrow part so far is covered by the wide mask's first w signs.
  let reached = starsOnward(wide, new Set([0]));
  for (const sign of narrow) {
    const next = new Set<number>();
    for (const at of reached) {
      const wanted = wide[at];
      if (wanted === '*') next.add(at);
      else if (sign !== '*' && (wanted === '?' || wanted === sign)) next.add(at + 1);
    }
    reached = starsOnward(wide, next);
  }
  return reached.has(wide.length);
}

/** A star may stand for nothing: the places behind it are reached as well. */
function starsOnward(wide: string, places: ReadonlySet<number>): Set<number> {
  const reached = new Set(places);
  for (const place of places) {
    for (let at = place; wide[at] === '*'; at += 1) reached.add(at + 1);
  }
  return reached;
}

/** The only name that a mask matches, where it has no `*` and no `?`. */
export function literalOf(mask: string): string | undefined {
  return /[*?]/.test(mask) ? undefined : mask.toLowerCase();
}

/**
 * An address as it stands in running text; Exchange writes those of its directory as local parts longer than RFC 5321's
 * 64 letters. Linear: neither side holds a character that could begin the other.
 */
const ADDRESS =
  /[^\s<>()[\]{}"',;:|@\\]{1,255}@[a-z0-9\u00c0-\u04ff](?:[a-z0-9.\u00c0-\u04ff_-]{0,253}[a-z0-9\u00c0-\u04ff])?/gi;

/** What stands before an address without a space in scripts that have none. */
const GLUED = /^[^@]*[\u2e80-\uffef](?=[!-~]+@)/;

/** Characters of a line that are searched. */
const MAX_LINE = 1000;

/** Types in front of an address in X.400: `dda:SMTP=user@example.com;`. */
const TYPED = /^(?:smtp|rfc-?822)=/i;

/** The addresses in a line, as written, in its order. */
export function addressesIn(line: string): readonly string[] {
  if (!line.includes('@')) return [];
  return [...line.slice(0, MAX_LINE).matchAll(ADDRESS)].map(([address]) =>
    address
      .replace(GLUED, '')
      .replace(TYPED, '')
      .replace(/^(?:-{2,}|[*=+.`])+/, ''),
  );
}

/** The address of a report's field: `rfc822; <user@example.com>`, with or without type and brackets. */
export function addressOfField(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const behind = value
    .slice(value.indexOf(';') + 1)
    .trim()
    .replace(/^<(.*)>$/, '$1');
  const quoted = /^"[^"]{1,64}"@[^\s<>]{1,255}$/.exec(behind);
  return quoted === null ? addressesIn(behind)[0] : behind;
}

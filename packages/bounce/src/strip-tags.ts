const ENTITIES: Readonly<Record<string, string>> = {
  nbsp: ' ',
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

/** Characters of HTML that are looked at: what a server has to say stands in front. */
const MAX_HTML = 256 << 10;

/** The words of an HTML text, a line per block. Linear in its length. */
export function stripTags(html: string): string {
  return html
    .slice(0, MAX_HTML)
    .replaceAll(/<(?:style|script)\b[^<]*(?:<\/(?:style|script)>)?/gi, ' ')
    .replaceAll(/<(?:br|\/p|\/div|\/tr|\/li|\/h[1-6]|hr|p)\b[^<>]*>/gi, '\n')
    .replaceAll(/<[^<>]*>/g, '')
    .replaceAll(/&(#x[0-9a-f]{1,6}|#[0-9]{1,7}|[a-z]{2,6});/gi, (all, name: string) => entity(name) ?? all);
}

function entity(name: string): string | undefined {
  if (!name.startsWith('#')) return ENTITIES[name.toLowerCase()];
  const point = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return point > 0 && point <= 0x10_ff_ff ? String.fromCodePoint(point) : undefined;
}

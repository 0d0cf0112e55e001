/** Characters of a text that are kept: two texts that differ only behind it are one. */
const MAX_KEPT = 500;

/** What differs from one reply to the next of the same kind, in the order in which it is blanked. */
const BLANKS: readonly (readonly [pattern: RegExp, blank: string])[] = [
  [/https?:\/\/[^\s<>"')\]]{1,500}/gi, 'URL'],
  [/[^\s<>()[\]{}"',;:|@\\]{1,64}@[^\s<>()[\]{}"',;:|@\\]{1,255}/g, 'ADDRESS'],
  // Days and times, as servers write them.
  [/\b\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:z|[+-]\d{2}:?\d{2})?)?/gi, 'DATE'],
  [
    /\b(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?\d{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6} \d{2,4}/gi,
    'DATE',
  ],
  [/\b\d{1,2}:\d{2}(?::\d{2})?(?: ?(?:z|[+-]\d{4}|[ap]m)\b)?/gi, 'TIME'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, 'IP'],
  [/(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi, 'IP'],
  [/\b(?=[a-z.-]*[a-z])(?:[a-z0-9_-]{1,63}\.){1,10}[a-z]{2,24}\b(?!\()/gi, 'HOST'],
];

/** Enhanced statuses and reply codes tell texts apart: they stay. */
const CODES = /(?<![\w.])(?:[245]\d\d|[245]\.\d{1,3}\.\d{1,3})(?![\w.])/g;

/** A word with a digit in it, or a long one of hexadecimal digits: a queue id, a session, a counter. */
const ID = /(?<![\w&])(?=[\w./+=-]*\d)[\w/+=-]+(?:\.[\w/+=-]+)*(?!\w)/g;

/**
 * Blanks what differs between replies that say the same: addresses, hosts, IPs, dates, times, ids and numbers. The codes
 * in front stay, since they are part of what is said. Idempotent.
 */
export function normaliseText(text: string): string {
  let blanked = text
    .slice(0, 4 * MAX_KEPT)
    .replaceAll(/\s+/g, ' ')
    .trim();
  for (const [pattern, blank] of BLANKS) blanked = blanked.replaceAll(pattern, blank);
  const kept = new Set([...blanked.slice(0, 40).matchAll(CODES)].map(({ index }) => index));
  blanked = blanked.replaceAll(ID, (word, at: number) => (kept.has(at) ? word : /^\d+$/.test(word) ? 'N' : 'ID'));
  return blanked.slice(0, MAX_KEPT);
}

/** A shorter name may be any word. */
const SHORTEST_NAME = 3;

/**
 * Blanks a recipient's own name: servers say it without the domain, and written out (`john.doe`, `John Doe`), which no
 * pattern can tell from other words.
 */
export function withoutRecipient(text: string, recipient: string | undefined): string {
  const name = recipient?.slice(0, Math.max(0, recipient.lastIndexOf('@'))) ?? '';
  // A number is blanked as one, unless it is a code.
  if (name.length < SHORTEST_NAME || !/\p{L}/u.test(name)) return text;
  const parts = name.split(/[._+-]+/).filter((part) => part !== '');
  const written = parts.map((part) => part.replaceAll(/[^\p{L}\p{N}]/gu, String.raw`\$&`)).join('[ ._+-]?');
  return text.replaceAll(new RegExp(`(?<![\\p{L}\\p{N}])${written}(?![\\p{L}\\p{N}])`, 'giu'), 'ADDRESS');
}

const BLANKED = /^(?:URL|ADDRESS|DATE|TIME|IP|HOST|ID|N)$/;

/** Words of a suggested pattern: enough to be this text and no other, few enough to be read. */
const MAX_WORDS = 12;

/**
 * Suggests a rule's pattern for a text: its longest run of words without a blank or a code, as RE2 syntax. Empty where
 * the text has no two words in a row to go by: the operator then writes one.
 */
export function suggestPattern(text: string): string {
  const runs: string[][] = [[]];
  for (const word of normaliseText(text).split(' ')) {
    const bare = word.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
    if (bare === '' || BLANKED.test(bare) || /\d/.test(bare)) runs.push([]);
    else runs.at(-1)?.push(word);
  }
  const lengthOf = (run: readonly string[]) => run.join(' ').length;
  const longest = runs.reduce((best, run) => (lengthOf(run) > lengthOf(best) ? run : best), []).slice(0, MAX_WORDS);
  const words = longest.join(' ').replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  if (words.length < 8 && !/[\u0250-\uffff]{4}/u.test(words)) return '';
  return words.toLowerCase().replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

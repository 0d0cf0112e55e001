const LONGEST = 80;

/** What stood somewhere, in words fit for an error: cut short, on one line, without control characters. */
export function foundText(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
    case 'boolean':
      return String(value);
    default:
      return 'an object';
  }
}

/** A string in quotes, whatever it holds; of a long one the beginning and its length. */
function quote(text: string): string {
  const start = text.slice(0, LONGEST).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escapeCharacter);
  return text.length > LONGEST ? `"${start}…" (${text.length} characters)` : `"${start}"`;
}

function escapeCharacter(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

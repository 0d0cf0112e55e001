/** Letters that are one piece, and what people write for them where a keyboard lacks them. */
const WHOLE: Readonly<Record<string, string>> = { ł: 'l', ø: 'o', đ: 'd', ð: 'd', ı: 'i', ß: 'ss', æ: 'ae', œ: 'oe' };

/**
 * A text, or a pattern, in plain lower-case letters: servers write `boîte` and `boite`, and a rule means both. Scripts
 * other than Latin keep their letters, without the signs that stand above them.
 */
export function plainLetters(text: string): string {
  if (!/[\u0080-\uffff]/.test(text)) return text.toLowerCase();
  return text
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replaceAll(/[łøđðıßæœ]/g, (letter) => WHOLE[letter] ?? letter)
    .replaceAll(/[\u2018\u2019\u02bc]/g, "'");
}

/** A pattern over texts in plain letters; classes such as `\S` keep their names. */
export function plainPattern(pattern: string): string {
  return pattern.replaceAll(/\\(?:[pP]\{[^}]*\}|[^])|[^\\]+/g, (part) =>
    part.startsWith('\\') ? part : plainLetters(part),
  );
}

/** Characters of a text that rules see. */
const MAX_SEEN = 4096;

/**
 * The form in which rules see a text: on one line, codes that continuation lines repeat taken out, so that a sentence
 * broken over reply lines is found again.
 */
export function visibleText(text: string): string {
  const seen = text.length > MAX_SEEN ? text.slice(0, MAX_SEEN) : text;
  if (!/[\r\n\t]| {2}|\d-/.test(seen)) return seen;
  const joined = seen
    .replaceAll(/(?<=\s)([245]\d\d)-(?:[245]\.\d{1,3}\.\d{1,3} )?(?=\S)/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  // The last line of a reply in several repeats its codes with a space.
  const first = /^([245]\d\d)-([245]\.\d{1,3}\.\d{1,3} )?/.exec(joined);
  return first === null ? joined : joined.replaceAll(` ${first[1]} ${first[2] ?? ''}`, ' ');
}

/** Characters of a text that rules see. */
const MAX_SEEN = 4096;

/** What Cisco's gateways call a status before they quote the server: `5.1.0 - Unknown address error 550-'5.7.1 spam'`. */
const OWN_WORDS = /[45]\.\d\.\d{1,3} - [a-z ]{3,40} (?=[45]\d\d-')/i;

/**
 * The form in which rules see a text: on one line, codes that continuation lines repeat taken out, so that a sentence
 * broken over reply lines is found again.
 */
export function visibleText(text: string): string {
  const start = text.length > MAX_SEEN ? text.slice(0, MAX_SEEN) : text;
  const seen = start.includes("-'") ? start.replace(OWN_WORDS, '') : start;
  return /[\r\n\t]| {2}|\d-/.test(seen) ? onOneLine(seen) : seen;
}

function onOneLine(reply: string): string {
  const line = reply
    .replaceAll(/(?<=\s)([245]\d\d)-(?:[245]\.\d{1,3}\.\d{1,3} )?(?=\S)/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  // The last line of a reply in several repeats its codes with a space.
  const first = /^([245]\d\d)-([245]\.\d{1,3}\.\d{1,3} )?/.exec(line);
  return first === null ? line : line.replaceAll(` ${first[1]} ${first[2] ?? ''}`, ' ');
}

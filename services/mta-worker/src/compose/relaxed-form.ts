const WSP_BEFORE_END = /[ \t]+(?=\r\n|$)/g;
const WSP_RUN = /[ \t]{2,}|\t/g;
const UNEVEN = / [ \t]|\t| (?:\r\n|$)/;
const FOLDS = /\r\n(?=[ \t])/g;

/** The relaxed form of a stretch of body that begins at the start of a line (RFC 6376 §3.4.4), empty lines kept. */
export function relaxBody(stretch: string): string {
  if (!UNEVEN.test(stretch)) return stretch;
  return stretch.replace(WSP_BEFORE_END, '').replace(WSP_RUN, ' ');
}

/** What the relaxed form of a whole body ends in: one CRLF, and nothing at all where there is no line with text. */
export function relaxBodyEnd(body: string): string {
  let end = body.length;
  while (body.endsWith('\r\n', end)) end -= 2;
  if (end === 0) return '';
  return end === body.length - 2 ? body : `${body.slice(0, end)}\r\n`;
}

/** The relaxed form of a header field (RFC 6376 §3.4.2), without the CRLF behind it. */
export function relaxField(line: string): string {
  const colon = line.indexOf(':');
  const value = line
    .slice(colon + 1)
    .replace(FOLDS, '')
    .replace(WSP_RUN, ' ');
  return `${line.slice(0, colon).trim().toLowerCase()}:${trimWsp(value)}`;
}

/** Only space and tab are white space here: `trim` would take more. */
function trimWsp(value: string): string {
  let from = 0;
  let to = value.length;
  while (from < to && isWsp(value.charCodeAt(from))) from += 1;
  while (to > from && isWsp(value.charCodeAt(to - 1))) to -= 1;
  return value.slice(from, to);
}

function isWsp(code: number): boolean {
  return code === 32 || code === 9;
}

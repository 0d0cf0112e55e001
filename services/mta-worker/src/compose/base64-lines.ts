import { Buffer } from 'node:buffer';

/** RFC 2045 §6.8. */
const LINE = 76;

/** Text as base64 of its canonical form: CRLF at every line's end. */
export function encodeTextBase64(text: string): string {
  const canonical = text.replace(/\r\n?|\n/g, '\r\n');
  return wrapBase64(Buffer.from(canonical, 'utf8').toString('base64'));
}

/** Cuts base64 into lines, each with its CRLF but the last. */
export function wrapBase64(base64: string): string {
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += LINE) lines.push(base64.slice(at, at + LINE));
  return lines.join('\r\n');
}

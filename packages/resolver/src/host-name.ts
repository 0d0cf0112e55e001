import { isIP } from 'node:net';

const LONGEST_NAME = 253;
/** Letters, digits and hyphens (RFC 1123 §2.1), and the underscore, which some hosts carry in spite of it. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A host name from DNS in lower case and without its final dot; `undefined` where it is none: an address, or anything odd. */
export function readHostName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name.length > LONGEST_NAME || isIP(name) !== 0) return undefined;
  const labels = name.split('.');
  return labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '') ? name : undefined;
}

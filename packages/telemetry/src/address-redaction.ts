/**
 * Mailbox addresses never stand in a log in full: the local part keeps its first character, the domain stays,
 * since operators reason by domain.
 */

/** Longer than any local part (RFC 5321 §4.5.3.1.1 allows 64 octets) with room for JSON escapes. */
const LONGEST_LOCAL_PART = 256;
const MASK = "***";

/** Masks the local part of one address: `user@example.com` becomes `u***@example.com`. Text without `@` is masked whole. */
export function redactAddress(address: string): string {
  const at = address.lastIndexOf("@");
  if (at === -1) return address === "" ? "" : MASK;
  const local = address.slice(0, at);
  const first = [...local].length > 1 ? String.fromCodePoint(local.codePointAt(0) as number) : "";
  return `${first}${MASK}${address.slice(at)}`;
}

/**
 * Masks every address in a line of JSON, whatever field or free text it stands in; the line stays valid JSON.
 * Linear in the line's length: the text comes from strangers (SMTP replies), so no backtracking pattern reads it.
 */
export function redactAddressesIn(line: string): string {
  let at = line.indexOf("@");
  if (at === -1) return line;
  let redacted = "";
  let copied = 0;
  for (; at !== -1; at = line.indexOf("@", at + 1)) {
    const kept = endOfKeptPart(line, at, copied);
    if (kept === undefined) continue;
    redacted += `${line.slice(copied, kept)}${MASK}`;
    copied = line[at - 1] === '"' ? at - 2 : at;
  }
  return redacted + line.slice(copied);
}

/** Where the mask of the local part that ends at `at` begins; `undefined` where no local part stands there. */
function endOfKeptPart(line: string, at: number, floor: number): number | undefined {
  if (line[at - 1] === '"') return startOfQuotedPart(line, at, floor);
  let start = at;
  while (start > floor && isLocalPartCharacter(line.charCodeAt(start - 1))) start -= 1;
  if (start === at || at - start > LONGEST_LOCAL_PART) return undefined;
  const isEscapeLetter = line[start - 1] === "\\";
  if (isEscapeLetter) return start + (line[start] === "u" ? 5 : 1);
  const first = (line.codePointAt(start) as number) > 0xffff ? 2 : 1;
  return at - start > first ? start + first : start;
}

/** A quoted local part (RFC 5321 §4.1.2) stands in JSON as `\"john doe\"`; a bare quote there is JSON's own. */
function startOfQuotedPart(line: string, at: number, floor: number): number | undefined {
  if (line[at - 2] !== "\\") return undefined;
  const opening = line.lastIndexOf('\\"', at - 3);
  return opening < floor || at - opening > LONGEST_LOCAL_PART ? undefined : opening + 2;
}

/** Everything but white space, JSON and mail punctuation: wider than RFC 5322 atext, so that odd addresses are masked too. */
function isLocalPartCharacter(code: number): boolean {
  return code > 0x20 && !STOPS.has(code);
}

const STOPS: ReadonlySet<number> = new Set(
  [...'"<>()[],;:\\@'].map((character) => character.charCodeAt(0)),
);

/** How much of each content is kept: nothing but the id, the header section, or all of it. */
export type Keep = 'none' | 'headers' | 'all';

/** A header section longer than this is not looked through to its end. */
const LONGEST_HEADER_OCTETS = 65_536;
const END_OF_CONTENT = Buffer.from('\r\n.\r\n');
const END_OF_HEADER = Buffer.from('\r\n\r\n');

/**
 * Reads one content out of the octets of a connection, however they are cut.
 *
 * Only CRLF.CRLF ends it (RFC 5321 §4.1.1.4): a bare LF or CR around a dot is content, so that a client that lets one
 * slip through is found out by a message that never ends.
 */
export class ContentReader {
  sizeOctets = 0;
  readonly #keep: Keep;
  readonly #kept: Buffer[] = [];
  #keptOctets = 0;
  /** The last octets read, up to four: the end may be cut anywhere. It opens as if a line had just ended. */
  #tail = '\r\n';

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  /** Reads from an offset up to the end of the content; returns where the rest begins, or `undefined` when more is to come. */
  readUntilDot(octets: Buffer, from: number): number | undefined {
    const end = this.#findEnd(octets, from);
    this.#take(end === undefined ? octets.subarray(from) : octets.subarray(from, end));
    return end;
  }

  /** Takes a chunk of BDAT as it stands (RFC 3030 §2): no stuffing, no end mark. */
  readChunk(octets: Buffer): void {
    this.#take(octets);
  }

  #findEnd(octets: Buffer, from: number): number | undefined {
    const joint = this.#tail + octets.toString('latin1', from, Math.min(from + 5, octets.length));
    const across = joint.indexOf('\r\n.\r\n');
    if (across !== -1 && across < this.#tail.length) return from + across + 5 - this.#tail.length;
    const within = octets.indexOf(END_OF_CONTENT, from);
    if (within !== -1) return within + 5;
    this.#tail = (this.#tail + octets.toString('latin1', Math.max(from, octets.length - 4), octets.length)).slice(-4);
    return undefined;
  }

  #take(octets: Buffer): void {
    this.sizeOctets += octets.length;
    if (this.#keep !== 'all' && this.#keptOctets >= LONGEST_HEADER_OCTETS) return;
    this.#kept.push(octets);
    this.#keptOctets += octets.length;
  }

  /** The header section as text, one character an octet. */
  header(): string {
    const kept = this.#joined();
    const end = kept.indexOf(END_OF_HEADER);
    return kept.toString('latin1', 0, Math.min(end === -1 ? kept.length : end + 2, LONGEST_HEADER_OCTETS));
  }

  /** What was kept of a content ended by a dot, with the stuffing and the end mark taken off (RFC 5321 §4.5.2). */
  unstuffed(): Buffer {
    if (this.#keep !== 'all') return Buffer.from(this.header(), 'latin1');
    const stuffed = this.#joined().toString('latin1');
    const body = stuffed.startsWith('.\r\n') ? '' : stuffed.slice(0, -3);
    return Buffer.from(body.replace(/(^|\r\n)\./g, '$1'), 'latin1');
  }

  /** What was kept of a content that came in chunks. */
  chunks(): Buffer {
    return this.#keep === 'all' ? this.#joined() : Buffer.from(this.header(), 'latin1');
  }

  #joined(): Buffer {
    const [first] = this.#kept;
    return this.#kept.length === 1 && first !== undefined ? first : Buffer.concat(this.#kept);
  }
}

/**
 * The id by which a message is known in the records: X-Mxflow-Message-Id where the sender gives one, else Message-ID,
 * without its angle brackets. A message with neither has the empty one.
 */
export function messageIdOf(header: string): string {
  const own = /^x-mxflow-message-id:[ \t]*(?:\r\n[ \t]+)?([^\r\n]+)/im.exec(header);
  const match = own ?? /^message-id:[ \t]*(?:\r\n[ \t]+)?([^\r\n]+)/im.exec(header);
  return (match?.[1] ?? '').trim().replace(/^<|>$/g, '');
}

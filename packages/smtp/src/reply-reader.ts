import { Buffer } from 'node:buffer';

import { parseEnhancedStatus, type Reply } from '@mxflow/domain';

/** The part of a reply that has arrived, between two chunks. */
export type ReaderState = {
  /** Octets of a line whose end has not come. */
  readonly partial: Buffer;
  /** Code and text lines of a multi-line reply whose last line has not come. */
  readonly open: OpenReply | undefined;
};

/** Why what a server sent is no SMTP reply. After one of these nothing more can be read from it. */
export type ReplyFault =
  | { readonly kind: 'line-too-long' }
  | { readonly kind: 'too-many-lines' }
  | { readonly kind: 'reply-too-long' }
  /** Neither a code from 200 to 599 nor a separator that RFC 5321 §4.2 knows. `found` is cut short. */
  | { readonly kind: 'malformed'; readonly found: string }
  | { readonly kind: 'codes-disagree'; readonly codes: readonly [number, number] };

export type ReadStep = {
  readonly state: ReaderState;
  readonly replies: readonly Reply[];
  readonly fault: ReplyFault | undefined;
};

type OpenReply = {
  readonly code: number;
  readonly lines: readonly string[];
  readonly octets: number;
};
type Line = { readonly code: number; readonly last: boolean; readonly text: string };

/** Four times what RFC 5321 §4.5.3.1.5 asks for: real servers exceed 512, hostile ones are stopped. */
const MAX_LINE_OCTETS = 2_000;
const MAX_LINES = 100;
const MAX_REPLY_OCTETS = 64 * 1024;
const FOUND_LENGTH = 80;

const LF = 0x0a;
const CR = 0x0d;
const NOTHING = Buffer.alloc(0);
const REPLY_LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s;
// oxlint-disable-next-line no-control-regex -- a control character in a reply is what this removes
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A reader at the boundary between two replies. */
export const EMPTY_READER: ReaderState = { partial: NOTHING, open: undefined };

/** Whether nothing of a further reply has arrived. */
export function atReplyBoundary(state: ReaderState): boolean {
  return state.partial.length === 0 && state.open === undefined;
}

/**
 * Reads the replies that a chunk completes; how the stream was cut into chunks changes nothing.
 *
 * A line may end in CRLF or LF. Text is UTF-8, or Latin-1 where it is not valid UTF-8; control characters in it become
 * `?`, so that a reply can be logged and stored as it stands. What is kept is bounded whatever the server sends. After a fault
 * the replies before it still count.
 */
export function readReplies(state: ReaderState, chunk: Buffer): ReadStep {
  const octets = state.partial.length === 0 ? chunk : Buffer.concat([state.partial, chunk]);
  const replies: Reply[] = [];
  let open = state.open;
  let start = 0;
  for (let end = octets.indexOf(LF); end !== -1; end = octets.indexOf(LF, start)) {
    const step = readLine(open, octets.subarray(start, end));
    if ('fault' in step) return { state: EMPTY_READER, replies, fault: step.fault };
    if (step.reply !== undefined) replies.push(step.reply);
    open = step.open;
    start = end + 1;
  }
  if (octets.length - start > MAX_LINE_OCTETS) {
    return { state: EMPTY_READER, replies, fault: { kind: 'line-too-long' } };
  }
  // A copy, so that a few octets do not hold the whole chunk in memory.
  const partial = start === octets.length ? NOTHING : Buffer.from(octets.subarray(start));
  return { state: { partial, open }, replies, fault: undefined };
}

type LineStep =
  | { readonly open: OpenReply | undefined; readonly reply: Reply | undefined }
  | { readonly fault: ReplyFault };

/** `octets`: a line without its LF. */
function readLine(open: OpenReply | undefined, octets: Buffer): LineStep {
  if (octets.length > MAX_LINE_OCTETS) return { fault: { kind: 'line-too-long' } };
  const text = decode(octets.at(-1) === CR ? octets.subarray(0, -1) : octets);
  const line = parseLine(text);
  if (line === undefined) return { fault: { kind: 'malformed', found: text.slice(0, FOUND_LENGTH) } };
  if (open !== undefined && open.code !== line.code) {
    return { fault: { kind: 'codes-disagree', codes: [open.code, line.code] } };
  }
  const whole = {
    code: line.code,
    lines: open === undefined ? [line.text] : [...open.lines, line.text],
    octets: (open?.octets ?? 0) + octets.length,
  };
  if (whole.lines.length > MAX_LINES) return { fault: { kind: 'too-many-lines' } };
  if (whole.octets > MAX_REPLY_OCTETS) return { fault: { kind: 'reply-too-long' } };
  return line.last ? { open: undefined, reply: toReply(whole) } : { open: whole, reply: undefined };
}

function parseLine(text: string): Line | undefined {
  const match = REPLY_LINE.exec(text);
  return match === null ? undefined : { code: Number(match[1]), last: match[2] !== '-', text: match[3] ?? '' };
}

function decode(octets: Buffer): string {
  const utf8 = octets.toString('utf8');
  const text = utf8.includes('\ufffd') ? octets.toString('latin1') : utf8;
  return text.replace(CONTROL, '?');
}

/** An enhanced status whose class is not the reply code's first digit is none (RFC 2034 §4). */
function toReply({ code, lines }: OpenReply): Reply {
  const enhanced = parseEnhancedStatus(lines[0] ?? '');
  const agrees = enhanced?.startsWith(String(Math.floor(code / 100))) === true;
  return { code, enhanced: agrees ? enhanced : undefined, lines };
}

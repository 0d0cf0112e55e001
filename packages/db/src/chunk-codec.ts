import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';

import type { Recipient } from '@mxflow/domain';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Recipients come once and are read once: speed counts for more than the last tenth of size. */
const LEVEL = 1;

/** Recipients as a row of `job_chunks` holds them. */
export type PackedRecipients = {
  readonly recipientCount: number;
  /** Of the lines before compression: tells whether a repeated post says the same. */
  readonly sha256: Uint8Array<ArrayBuffer>;
  readonly packed: Uint8Array<ArrayBuffer>;
};

/** Packs recipients, each given as one line of canonical JSON, into a chunk (zstd over lines that end in LF). */
export async function packRecipients(lines: readonly string[]): Promise<PackedRecipients> {
  const text = textOf(lines);
  const packed = await compress(text, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
  return { recipientCount: lines.length, sha256: hash(text), packed: new Uint8Array(packed) };
}

/** What `packRecipients` says about the same lines, but for the packed form. */
export function digestRecipients(lines: readonly string[]): Omit<PackedRecipients, 'packed'> {
  return { recipientCount: lines.length, sha256: hash(textOf(lines)) };
}

function textOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\n')}\n`);
}

function hash(text: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(text).digest());
}

/** Reads a chunk back: the recipients in the order of their ordinals. */
export async function unpackRecipients(packed: Uint8Array): Promise<readonly Recipient[]> {
  const text = await decompress(packed);
  return text
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recipient);
}

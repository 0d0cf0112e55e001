import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompressSync, zstdDecompress } from 'node:zlib';

import type { Recipient } from '@mxflow/domain';

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

/** Recipients one after another: each a line of canonical JSON that ends in LF, in UTF-8. */
export type RecipientLines = { readonly recipientCount: number; readonly text: Uint8Array };

/** Packs recipients, each given as a line without its end. */
export function packRecipients(lines: readonly string[]): PackedRecipients {
  return packRecipientLines({ recipientCount: lines.length, text: Buffer.from(`${lines.join('\n')}\n`) });
}

/** Packs recipients into a chunk (zstd). Synchronous: shorter than the way to another thread and back. */
export function packRecipientLines(lines: RecipientLines): PackedRecipients {
  const packed = zstdCompressSync(lines.text, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
  return { ...digestRecipientLines(lines), packed: new Uint8Array(packed) };
}

/** What `packRecipientLines` says about the same lines, but for the packed form. */
export function digestRecipientLines({ recipientCount, text }: RecipientLines): Omit<PackedRecipients, 'packed'> {
  return { recipientCount, sha256: new Uint8Array(createHash('sha256').update(text).digest()) };
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

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
  const text = Buffer.from(`${lines.join('\n')}\n`);
  const packed = await compress(text, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
  return {
    recipientCount: lines.length,
    sha256: new Uint8Array(createHash('sha256').update(text).digest()),
    packed: new Uint8Array(packed),
  };
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

import { Buffer } from 'node:buffer';
import { createHash, hash, sign } from 'node:crypto';

import { foldAfter } from './header-field.ts';
import type { DkimAlgorithm, DkimKey } from './instance.ts';
import { relaxBodyEnd, relaxField } from './relaxed-form.ts';

/** What is signed: the fields in the order of the signature's `h=`, and the body, all in relaxed form. */
export type DkimInput = {
  /** Each with its CRLF. */
  readonly relaxedFields: string;
  readonly relaxedBody: string;
  /** What follows `relaxedBody`. */
  readonly relaxedTail: Buffer;
  readonly now: number;
};

/** Signs one message with every key; answers the DKIM-Signature fields, each with its CRLF. */
export type DkimSigner = (input: DkimInput) => string | Promise<string>;

/** A longer tail is hashed apart: it has text in it, so its end is the body's end already. */
const MAX_JOINED_OCTETS = 1000;

const KEY_TYPES: Readonly<Record<DkimAlgorithm, string>> = { 'rsa-sha256': 'rsa', 'ed25519-sha256': 'ed25519' };

/** The keys that sign for a From domain: those of the domain itself, else of its nearest parent that has any. */
export function chooseKeys(keys: readonly DkimKey[], fromDomain: string): readonly DkimKey[] {
  const aligned = keys.filter(({ domain }) => fromDomain === domain || fromDomain.endsWith(`.${domain}`));
  const nearest = Math.max(...aligned.map(({ domain }) => domain.length));
  return aligned.filter(({ domain }) => domain.length === nearest);
}

/** Says why a key cannot sign; `undefined` where it can. */
export function refuseKey({ domain, selector, algorithm, key }: DkimKey): string | undefined {
  if (key.type === 'private' && key.asymmetricKeyType === KEY_TYPES[algorithm]) return undefined;
  return `DKIM key ${selector}._domainkey.${domain}: a private ${KEY_TYPES[algorithm]} key was expected`;
}

/**
 * A signer after RFC 6376 and RFC 8463, relaxed/relaxed. From is named once more than it occurs, so that nobody can
 * put another above it. RSA runs on the thread pool and makes the answer a promise; Ed25519 is quicker than the way there.
 *
 * @param fieldNames in the order in which they will be signed.
 */
export function createDkimSigner(keys: readonly DkimKey[], fieldNames: readonly string[]): DkimSigner | undefined {
  if (keys.length === 0) return undefined;
  const named = [...fieldNames, 'from'];
  const signatures = keys.map((key) => prepare(key, named));
  return (input) => {
    const bodyHash = hashBody(input);
    const fields = signatures.map((signature) => signature(input, bodyHash));
    return fields.every((field) => typeof field === 'string') ? fields.join('') : joinLater(fields);
  };
}

async function joinLater(fields: readonly (string | Promise<string>)[]): Promise<string> {
  return (await Promise.all(fields.map(async (field) => field))).join('');
}

function prepare({ domain, selector, algorithm, key }: DkimKey, names: readonly string[]) {
  const signed = names.map((name, at) => (at === 0 ? `h=${name}` : `:${name}`));
  const opening = `DKIM-Signature: v=1; a=${algorithm}; c=relaxed/relaxed; d=${domain};\r\n s=${selector};`;
  // Only the last line counts for folding.
  const list = foldAfter('', [...signed.slice(0, -1), `${signed.at(-1) ?? ''};`], '');
  const prefix = `${opening}\r\n ${list}\r\n `;
  const relaxedPrefix = `${relaxField(prefix)} `;
  return ({ relaxedFields, now }: DkimInput, bodyHash: string): string | Promise<string> => {
    const stamp = `t=${Math.floor(now / 1000)}`;
    const octets = Buffer.from(`${relaxedFields}${relaxedPrefix}${stamp}; bh=${bodyHash}; b=`, 'utf8');
    const complete = (signature: Buffer) =>
      `${prefix}${stamp}; bh=${bodyHash};\r\n b=${foldSignature(signature.toString('base64'))}\r\n`;
    if (algorithm === 'ed25519-sha256') return complete(sign(null, hash('sha256', octets, 'buffer'), key));
    return new Promise((resolve, reject) => {
      sign('sha256', octets, key, (error, signature) => {
        if (error === null) resolve(complete(signature));
        else reject(error);
      });
    });
  };
}

/** Base64 of SHA-256 over the whole relaxed body. An attachment is neither copied nor made text for it. */
function hashBody({ relaxedBody, relaxedTail }: DkimInput): string {
  if (relaxedTail.length > MAX_JOINED_OCTETS) {
    return createHash('sha256').update(relaxedBody, 'latin1').update(relaxedTail).digest('base64');
  }
  return hash('sha256', relaxBodyEnd(relaxedBody + relaxedTail.toString('latin1')), 'base64');
}

function foldSignature(base64: string): string {
  return base64.replace(/.{72}(?=.)/g, '$&\r\n ');
}

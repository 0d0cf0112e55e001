import { createPrivateKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/schema';

import { messageMac } from '@mxflow/process';
import type { Logger } from '@mxflow/telemetry';

import type { DkimKey, Instance } from './compose/index.ts';
import { NOBODYS_URL, type WorkerConfig } from './config.ts';

const DkimEntry = Type.Object(
  {
    domain: Type.String({ minLength: 1, maxLength: 255 }),
    selector: Type.String({ pattern: '^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$' }),
    keyFile: Type.String({ minLength: 1 }),
  },
  { additionalProperties: false },
);
const DKIM_LIST = Compile(Type.Array(DkimEntry, { maxItems: 10_000 }));

/** The DKIM keys cannot be used; signing without them would cost reputation, so nothing is sent. */
export class DkimKeysError extends Error {
  override readonly name = 'DkimKeysError';
  readonly code = 'MXFLOW_DKIM_KEYS';
}

/** What all messages of this instance carry: error address, links, seals, signatures. Warns of links that lead nowhere. */
export function readInstance(config: WorkerConfig, logger: Logger): Instance {
  if (config.MXFLOW_UNSUBSCRIBE_URL === NOBODYS_URL)
    logger.warn(`one-click unsubscribe links lead to ${NOBODYS_URL}: expected MXFLOW_UNSUBSCRIBE_URL, found none`);
  const { keyId, mac, fingerprint } = messageMac(config.MXFLOW_SECRET);
  const [returnPathDomain = ''] = config.MXFLOW_RETURN_PATH_DOMAIN;
  return {
    returnPathDomain,
    unsubscribe: { baseUrl: config.MXFLOW_UNSUBSCRIBE_URL, mailtoDomain: returnPathDomain },
    mac,
    keyId,
    dkim: readDkimKeys(config.MXFLOW_DKIM_KEYS),
    // Stable for an instance and telling nothing about it.
    feedbackId: `mx${fingerprint.slice(0, 10)}`,
  };
}

function readDkimKeys(text: string | undefined): readonly DkimKey[] {
  if (text === undefined) return [];
  const json = text.trimStart().startsWith('[') || !existsSync(text) ? text : readFileSync(text, 'utf8');
  const list = parse(json);
  if (!DKIM_LIST.Check(list)) {
    const [, [fault]] = DKIM_LIST.Errors(list);
    throw new DkimKeysError(`DKIM keys${fault?.instancePath ?? ''}: ${fault?.message ?? 'not a list of keys'}`);
  }
  return list.map(readDkimKey);
}

function readDkimKey({ domain, selector, keyFile }: Static<typeof DkimEntry>): DkimKey {
  const key = loadKey(keyFile);
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { domain, selector, key, algorithm: 'rsa-sha256' };
    case 'ed25519':
      return { domain, selector, key, algorithm: 'ed25519-sha256' };
    default:
      throw new DkimKeysError(`DKIM key of ${domain}: expected RSA or Ed25519, found ${key.asymmetricKeyType}`);
  }
}

function loadKey(keyFile: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(keyFile));
  } catch (cause) {
    throw new DkimKeysError(`DKIM key ${keyFile}: expected a private key in PEM`, { cause });
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new DkimKeysError('expected a JSON list of DKIM keys, or the path of a file with one', { cause });
  }
}

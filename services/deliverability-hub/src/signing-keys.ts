import { SettingsError } from '@mxflow/process';
import { derivedSigningKey, readSigningKey, type SigningKey } from '@mxflow/rule-set';

import type { HubConfig } from './config.ts';

const PEM = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g;

/** The keys that sign: those configured, in their order, else the one that derives from the instance's secret. */
export async function signingKeys({
  MXFLOW_HUB_SIGNING_KEYS: configured,
  MXFLOW_SECRET: secret,
}: Pick<HubConfig, 'MXFLOW_HUB_SIGNING_KEYS' | 'MXFLOW_SECRET'>): Promise<readonly SigningKey[]> {
  const name = 'MXFLOW_HUB_SIGNING_KEYS';
  if (configured === undefined) {
    if (secret !== undefined) return [await derivedSigningKey(secret)];
    throw new SettingsError([{ name, expected: 'keys to sign with, or MXFLOW_SECRET', found: 'neither' }]);
  }
  const read = await Promise.all((configured.match(PEM) ?? []).map(readSigningKey));
  const keys = read.filter((key) => key !== undefined);
  if (keys.length > 0 && keys.length === read.length) return keys;
  const found = `${read.length - keys.length} of ${read.length} that are something else`;
  throw new SettingsError([{ name, expected: 'private keys of Ed25519 in PEM (PKCS #8)', found }]);
}

import { generateKeyPairSync } from 'node:crypto';

import { derivedSigningKey, readSigningKey } from '@mxflow/rule-set';
import { expect, test } from 'vitest';

import { signingKeys } from './signing-keys.ts';

const pemOf = (): string => String(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
const rsa = String(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
);
const MXFLOW_SECRET = 'the secret of an instance under test';
const kidsOf = async (pems: string | undefined, secret: string | undefined = MXFLOW_SECRET) =>
  (await signingKeys({ MXFLOW_HUB_SIGNING_KEYS: pems, MXFLOW_SECRET: secret })).map(({ kid }) => kid);

test('every key that is configured signs, in its order; without any, the one that derives from the secret', async () => {
  const [old, next] = [pemOf(), pemOf()];
  const kids = (await Promise.all([old, next].map(readSigningKey))).map((key) => key?.kid);
  expect(await kidsOf(`${old}\n${next}`)).toEqual(kids);
  expect(await kidsOf(old.trim())).toEqual(kids.slice(0, 1));
  expect(await kidsOf(undefined)).toEqual([(await derivedSigningKey(MXFLOW_SECRET)).kid]);
});

test('a key that cannot sign is a fault, and so is none at all', async () => {
  const none = signingKeys({ MXFLOW_HUB_SIGNING_KEYS: undefined, MXFLOW_SECRET: undefined });
  await expect(none).rejects.toThrow('found neither');
  await expect(kidsOf(`${pemOf()}${rsa}`)).rejects.toThrow('1 of 2');
  await expect(kidsOf('-----BEGIN PRIVATE KEY-----')).rejects.toThrow('Ed25519');
});

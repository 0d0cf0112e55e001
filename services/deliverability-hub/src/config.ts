import { setting, type ProcessConfig } from '@mxflow/process';

/** What the hub can be told. */
export const HUB_SETTINGS = {
  DATABASE_URL: setting.string({ describe: 'Postgres: postgresql://user:password@host:port/database', secret: true }),
  MXFLOW_SECRET: setting.string({
    default: null,
    describe:
      'Secret of the instance: without keys of its own the hub signs by one that derives from it, and clients with the same secret may come without a key of theirs',
    pattern: /^.{32,}$/s,
    expected: 'at least 32 characters',
    secret: true,
  }),
  MXFLOW_HUB_SIGNING_KEYS: setting.string({
    default: null,
    describe: 'Ed25519 keys that sign rule sets, as PEM (PKCS #8), one after the other: every one signs',
    pattern: /-----BEGIN PRIVATE KEY-----/,
    expected: 'one or more private keys in PEM',
    secret: true,
  }),
  MXFLOW_HUB_HOST: setting.string({ default: '127.0.0.1', describe: 'Local address that serves rule sets' }),
  MXFLOW_HUB_PORT: setting.integer({
    min: 0,
    max: 65_535,
    default: 8026,
    describe: 'Port of the same; 0: any free one',
  }),
  MXFLOW_HUB_TLS_CERT: setting.string({
    default: null,
    describe: 'File with the certificate chain (PEM): with it and its key HTTPS is spoken, else HTTP',
  }),
  MXFLOW_HUB_TLS_KEY: setting.string({ default: null, describe: 'File with the private key (PEM) of the same' }),
  MXFLOW_HUB_CLIENT_PATIENCE: setting.duration({
    min: '100ms',
    max: '10m',
    default: '30s',
    describe: 'How long a client may take for a kilobyte of its body; then 408',
  }),
  MXFLOW_HUB_DATABASE_POOL: setting.integer({ min: 2, max: 100, default: 5, describe: 'Connections to Postgres' }),
} as const;

export type HubConfig = ProcessConfig<typeof HUB_SETTINGS>;

/** Octets that a client's patience buys: slower than this over a whole patience is too slow. */
export const MIN_OCTETS_PER_PATIENCE = 1_024;

import { setting, type ProcessConfig } from '@mxflow/process';

/** What a sync can be told. */
export const SYNC_SETTINGS = {
  DATABASE_URL: setting.string({ describe: 'Postgres: postgresql://user:password@host:port/database', secret: true }),
  MXFLOW_SECRET: setting.string({
    default: null,
    describe: 'Secret of the instance: a hub with the same one is trusted, and lets this instance in, without more ado',
    pattern: /^.{32,}$/s,
    expected: 'at least 32 characters',
    secret: true,
  }),
  MXFLOW_SYNC_URL: setting.url({
    protocols: ['https', 'http'],
    describe: 'Base of a deliverability hub, with a / at its end, or the URL of a signed rule set',
  }),
  MXFLOW_SYNC_CLEARTEXT: setting.boolean({
    default: false,
    describe: 'http also to a public address: what comes is signed, and the key to the hub is for all to read',
  }),
  MXFLOW_SYNC_KEY: setting.string({
    default: null,
    describe: 'Key to the hub; where left out, the one that derives from MXFLOW_SECRET',
    pattern: /^mxh_[\w-]{43}$/,
    expected: 'mxh_ and 43 characters, as the hub issued it',
    secret: true,
  }),
  MXFLOW_SYNC_TRUSTED_KEYS: setting.list({
    default: [],
    describe: 'Public keys of Ed25519 whose signatures are believed; where left out, that of MXFLOW_SECRET',
    item: /^[\w-]{43}$/,
    expectedItem: 'public keys of 43 characters, as the hub shows them',
  }),
  MXFLOW_SYNC_ENABLED: setting.boolean({ default: true, describe: 'Whether anything is pulled' }),
  MXFLOW_SYNC_AT: setting.string({
    default: '03:30',
    describe: 'Local time of the daily sync',
    pattern: /^(?:[01]\d|2[0-3]):[0-5]\d$/,
    expected: 'a time of day such as 03:30',
  }),
  MXFLOW_SYNC_ZONE: setting.string({ default: 'UTC', describe: 'Time zone of the same, such as Europe/Paris' }),
  MXFLOW_SYNC_JITTER: setting.duration({
    max: '12h',
    default: '1h',
    describe: 'How long after it the sync may begin: each instance has its own place in it',
  }),
  MXFLOW_SYNC_DEADLINE: setting.duration({
    min: '1s',
    max: '2m',
    default: '60s',
    describe: 'How long the source may take from the first octet to the last',
  }),
  MXFLOW_SYNC_UNMATCHED: setting.boolean({
    default: false,
    describe: 'Report texts that no bounce rule matched, without addresses, to the hub',
  }),
} as const;

export type SyncConfig = ProcessConfig<typeof SYNC_SETTINGS>;

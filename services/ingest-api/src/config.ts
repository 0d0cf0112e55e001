import { setting, type ProcessConfig } from '@mxflow/process';

/** What the API can be told. */
export const INGEST_SETTINGS = {
  DATABASE_URL: setting.string({ describe: 'Postgres: postgresql://user:password@host:port/database', secret: true }),
  AMQP_URL: setting.string({ describe: 'RabbitMQ: amqp://user:password@host:port/vhost', secret: true }),
  MXFLOW_SECRET: setting.string({
    describe:
      'Secret of the instance: keys of webhook secrets and one-click links derive from it; at least 32 characters',
    pattern: /^.{32,}$/s,
    expected: 'at least 32 characters',
    secret: true,
  }),
  MXFLOW_API_HOST: setting.string({ default: '127.0.0.1', describe: 'Local address that serves the API' }),
  MXFLOW_API_PORT: setting.integer({
    min: 0,
    max: 65_535,
    default: 8025,
    describe: 'Port of the same; 0: any free one',
  }),
  MXFLOW_API_MAX_BODY: setting.integer({
    min: 1_000,
    max: 200_000_000,
    default: 20_000_000,
    unit: 'octets',
    describe: 'Largest job in one piece, and longest first line of a stream',
  }),
  MXFLOW_API_HELD_BODIES: setting.integer({
    min: 1_000,
    max: 10_000_000_000,
    default: 64_000_000,
    unit: 'octets',
    describe: 'Bodies in memory at once; further ones are answered 503',
  }),
  MXFLOW_API_MAX_STREAMS: setting.integer({
    min: 1,
    max: 1_000,
    default: 8,
    describe: 'Streams received at once; further ones are answered 429',
  }),
  MXFLOW_API_CLIENT_PATIENCE: setting.duration({
    min: '100ms',
    max: '10m',
    default: '30s',
    describe: 'How long a client may take for a kilobyte of its body; then 408',
  }),
  MXFLOW_API_RECEIVER_LEASE: setting.duration({
    min: '1s',
    max: '10m',
    default: '30s',
    describe: 'After which a post is believed dead of whose receiver nothing is heard; a repeat may then go on with it',
  }),
  MXFLOW_API_DATABASE_POOL: setting.integer({ min: 2, max: 100, default: 10, describe: 'Connections to Postgres' }),
  MXFLOW_DNS: setting.list({ default: [], describe: 'Name servers as host:port; those of the system where left out' }),
  MXFLOW_PRIVATE_WEBHOOKS: setting.list({
    default: [],
    item: /^[0-9a-fA-F.:]+\/\d{1,3}$/,
    expectedItem: 'a network such as 10.0.0.0/8',
    describe: 'Private networks (CIDR) that webhooks may reach, by http too; none in production',
  }),
} as const;

export type IngestConfig = ProcessConfig<typeof INGEST_SETTINGS>;

/** Octets that a client's patience buys: slower than this over a whole patience is too slow. */
export const MIN_OCTETS_PER_PATIENCE = 1_024;

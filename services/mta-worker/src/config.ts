import { setting, type ProcessConfig } from '@mxflow/process';

/** Where one-click links lead that nobody has given a place. */
export const NOBODYS_URL = 'https://localhost';

/** What an MTA worker can be told. */
export const WORKER_SETTINGS = {
  DATABASE_URL: setting.string({ describe: 'Postgres: postgresql://user:password@host:port/database', secret: true }),
  AMQP_URL: setting.string({ describe: 'RabbitMQ: amqp://user:password@host:port/vhost', secret: true }),
  MXFLOW_SECRET: setting.string({
    describe: 'Secret of the instance: keys of return-paths and links derive from it; at least 32 characters',
    pattern: /^.{32,}$/s,
    expected: 'at least 32 characters',
    secret: true,
  }),
  MXFLOW_SOURCES: setting.string({
    default: null,
    describe: 'Sending IPs: a JSON list, or the path of a file with it; the machine itself where left out',
  }),
  MXFLOW_RETURN_PATH_DOMAIN: setting.list({
    default: ['bounce.localhost.localdomain'],
    item: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i,
    expectedItem: 'domains',
    describe: 'Domains of error addresses (MAIL FROM); the first where a job names none',
  }),
  MXFLOW_UNSUBSCRIBE_URL: setting.string({
    default: NOBODYS_URL,
    describe: 'Where recipients reach the API, for one-click unsubscribe links; no slash at the end',
  }),
  MXFLOW_DKIM_KEYS: setting.string({
    default: null,
    describe: 'DKIM keys: a JSON list of {domain, selector, keyFile}, or the path of a file with it',
  }),
  MXFLOW_DNS: setting.list({ default: [], describe: 'Name servers as host:port; those of the system where left out' }),
  MXFLOW_SMTP_PORT: setting.integer({ min: 1, max: 65_535, default: 25, describe: 'Port that MX hosts listen on' }),
  MXFLOW_PRIVATE_MX: setting.list({
    default: [],
    describe: 'Loopback and private networks (CIDR) to which mail may go; none in production',
  }),
  MXFLOW_TLS: setting.choice(['disabled', 'opportunistic', 'required'], {
    default: 'opportunistic',
    describe: 'STARTTLS towards MX hosts',
  }),
  MXFLOW_MAX_CONNECTIONS: setting.integer({
    min: 1,
    max: 20_000,
    default: 500,
    describe: 'Connections of one worker at once',
  }),
  MXFLOW_LANE_PREFETCH: setting.integer({
    min: 1,
    max: 10_000,
    default: 1000,
    describe: 'Messages of one lane in the hands of one worker',
  }),
  MXFLOW_IDLE_CONNECTION: setting.duration({
    min: '0s',
    max: '5m',
    default: '2s',
    describe: 'How long an open connection waits for the next message',
  }),
  MXFLOW_DNS_CACHE: setting.duration({
    min: '0s',
    max: '1d',
    default: '5m',
    describe: 'How long an answer of DNS is believed',
  }),
  MXFLOW_WORKER_LIFE: setting.duration({
    min: '1s',
    max: '60s',
    default: '10s',
    describe: 'How long a worker may send without having reached Postgres',
  }),
  MXFLOW_WATCHDOG: setting.duration({
    min: '0s',
    max: '10m',
    default: '15s',
    describe: 'After how long without a sign of life a worker is ended by its watchdog; 0s: no watchdog',
  }),
  MXFLOW_REPORT_AGAIN_AFTER: setting.duration({
    min: '1s',
    max: '1h',
    default: '20s',
    describe: 'After how long an outcome that is not recorded is published again',
  }),
  MXFLOW_TEST_WITHOUT_GRANTS: setting.boolean({
    default: false,
    describe: 'For tests, as their positive control: every connection and MAIL is granted without asking',
  }),
  MXFLOW_TEST_DELIVER_TWICE: setting.boolean({
    default: false,
    describe: 'For tests: hands every queue message out twice',
  }),
} as const;

export type WorkerConfig = ProcessConfig<typeof WORKER_SETTINGS>;

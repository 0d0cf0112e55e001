import { setting, type ProcessConfig } from '@mxflow/process';

/** What a dispatcher can be told. */
export const DISPATCHER_SETTINGS = {
  DATABASE_URL: setting.string({ describe: 'Postgres: postgresql://user:password@host:port/database', secret: true }),
  AMQP_URL: setting.string({ describe: 'RabbitMQ: amqp://user:password@host:port/vhost', secret: true }),
  MXFLOW_DNS: setting.list({ default: [], describe: 'Name servers as host:port; those of the system where left out' }),
  MXFLOW_PREPARE_CONCURRENCY: setting.integer({
    min: 1,
    max: 16,
    default: 2,
    describe: 'Chunks of recipients made into work at once',
  }),
  MXFLOW_RESOLVE_CONCURRENCY: setting.integer({
    min: 1,
    max: 1000,
    default: 50,
    describe: 'Domains resolved at once',
  }),
  MXFLOW_LANE_WINDOW: setting.integer({
    min: 1,
    max: 10_000,
    default: 2000,
    describe: 'Messages of a lane that are released or being sent at once',
  }),
  MXFLOW_LANE_LEASE: setting.duration({
    min: '1s',
    max: '60s',
    default: '6s',
    describe: 'How long a lane waits for a dispatcher that fell silent before another one feeds it',
  }),
  MXFLOW_RELEASE_AGAIN_AFTER: setting.duration({
    min: '1s',
    max: '1h',
    default: '60s',
    describe: 'After how long a released message that nobody claims is published again',
  }),
  MXFLOW_ANNOUNCE_AGAIN_AFTER: setting.duration({
    min: '1s',
    max: '1h',
    default: '60s',
    describe: 'After how long a chunk that nobody prepares is announced again',
  }),
  MXFLOW_WORKER_LIFE: setting.duration({
    min: '1s',
    max: '60s',
    default: '10s',
    describe: 'How long a worker may send without having reached Postgres: that of the workers',
  }),
  MXFLOW_LOST_WORKER_HOLD: setting.duration({
    min: '10s',
    max: '1d',
    default: '10m',
    describe: 'How long the claims of a silent worker that is not proven dead are left to it',
  }),
  MXFLOW_ABANDONED_AFTER: setting.duration({
    min: '1m',
    max: '30d',
    default: '1d',
    describe: 'How long a job that was not posted to its end waits for its poster',
  }),
  MXFLOW_TEST_DELIVER_TWICE: setting.boolean({
    default: false,
    describe: 'For tests: hands every queue message out twice',
  }),
} as const;

export type DispatcherConfig = ProcessConfig<typeof DISPATCHER_SETTINGS>;

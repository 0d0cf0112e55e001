import { setting, type ProcessConfig } from '@mxflow/process';

/** What the bounce-processor can be told. */
export const BOUNCE_SETTINGS = {
  DATABASE_URL: setting.string({ describe: 'Postgres: postgresql://user:password@host:port/database', secret: true }),
  AMQP_URL: setting.string({ describe: 'RabbitMQ: amqp://user:password@host:port/vhost', secret: true }),
  MXFLOW_SECRET: setting.string({
    describe: 'Secret of the instance: keys of return-paths and links derive from it; at least 32 characters',
    pattern: /^.{32,}$/s,
    expected: 'at least 32 characters',
    secret: true,
  }),
  MXFLOW_OUTCOME_BATCH: setting.integer({
    min: 1,
    max: 5000,
    default: 500,
    describe: 'Outcomes recorded in one transaction at most',
  }),
  MXFLOW_TEST_DELIVER_TWICE: setting.boolean({
    default: false,
    describe: 'For tests: hands every queue message out twice',
  }),
} as const;

export type BounceConfig = ProcessConfig<typeof BOUNCE_SETTINGS>;

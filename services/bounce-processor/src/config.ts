import { setting, type ProcessConfig } from '@mxflow/process';

import { INBOUND_SETTINGS } from './inbound/settings.ts';

/** What the bounce-processor can be told. */
export const BOUNCE_SETTINGS = {
  ...INBOUND_SETTINGS,
  DATABASE_URL: setting.string({ describe: 'Postgres: postgresql://user:password@host:port/database', secret: true }),
  AMQP_URL: setting.string({ describe: 'RabbitMQ: amqp://user:password@host:port/vhost', secret: true }),
  MXFLOW_SECRET: setting.string({
    describe: 'Secret of the instance: keys of webhook secrets and return-paths derive from it; at least 32 characters',
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
  MXFLOW_WEBHOOK_CONCURRENCY: setting.integer({
    min: 2,
    max: 1000,
    default: 50,
    describe: 'Webhook endpoints told at once, a quarter of them failing ones at most',
  }),
  MXFLOW_WEBHOOK_GIVE_UP: setting.duration({
    min: '1s',
    max: '30d',
    default: '72h',
    describe: 'Age at which a webhook event that could not be delivered is dropped',
  }),
  MXFLOW_PRIVATE_WEBHOOKS: setting.list({
    default: [],
    describe: 'Loopback and private networks (CIDR) to which webhooks may go, also by http; none in production',
  }),
  MXFLOW_DNS: setting.list({ default: [], describe: 'Name servers as host:port; those of the system where left out' }),
  MXFLOW_TEST_DELIVER_TWICE: setting.boolean({
    default: false,
    describe: 'For tests: hands every queue message out twice',
  }),
} as const;

export type BounceConfig = ProcessConfig<typeof BOUNCE_SETTINGS>;

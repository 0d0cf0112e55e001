import { setting } from '@mxflow/process';

/** What the receiving of mail can be told. */
export const INBOUND_SETTINGS = {
  MXFLOW_RETURN_PATH_DOMAIN: setting.list({
    default: ['bounce.localhost.localdomain'],
    item: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i,
    expectedItem: 'domains',
    describe: 'Domains of error addresses: mail to any other domain is refused',
  }),
  MXFLOW_BOUNCE_SMTP_HOST: setting.string({ default: '127.0.0.1', describe: 'Local address that takes bounce mail' }),
  MXFLOW_BOUNCE_SMTP_PORT: setting.integer({
    min: 0,
    max: 65_535,
    default: null,
    describe: 'Port of the same; 0: any free one; left out: no mail is taken by SMTP',
  }),
  MXFLOW_BOUNCE_TLS_CERT: setting.string({
    default: null,
    describe: 'File with the certificate chain (PEM) for STARTTLS; left out: STARTTLS is not offered',
  }),
  MXFLOW_BOUNCE_TLS_KEY: setting.string({ default: null, describe: 'File with the private key (PEM) of the same' }),
  MXFLOW_BOUNCE_MAX_SIZE: setting.integer({
    min: 10_000,
    max: 100_000_000,
    default: 10_000_000,
    unit: 'octets',
    describe: 'Largest mail that is taken',
  }),
  MXFLOW_BOUNCE_HELD: setting.integer({
    min: 1_000_000,
    max: 10_000_000_000,
    default: 64_000_000,
    unit: 'octets',
    describe: 'Mail in memory at once while it comes in; what exceeds it is put off',
  }),
  MXFLOW_BOUNCE_CONNECTIONS: setting.integer({
    min: 1,
    max: 10_000,
    default: 200,
    describe: 'SMTP connections at once that may bring mail',
  }),
  MXFLOW_BOUNCE_PEER_CONNECTIONS: setting.integer({
    min: 1,
    max: 10_000,
    default: 20,
    describe: 'The same of one client (an IPv4 address, an IPv6 network of 64 bits)',
  }),
  MXFLOW_BOUNCE_PEER_RATE: setting.integer({
    min: 1,
    max: 1_000_000,
    default: 6000,
    describe: 'Mails of one client in a minute',
  }),
  MXFLOW_BOUNCE_RECIPIENTS: setting.integer({
    min: 100,
    max: 10_000,
    default: 100,
    describe: 'Recipients of one mail (RFC 5321 §4.5.3.1.8 asks for 100)',
  }),
  MXFLOW_BOUNCE_COMMAND_TIMEOUT: setting.duration({
    min: '1s',
    max: '10m',
    default: '5m',
    describe: 'How long a client may keep silent (RFC 5321 §4.5.3.2.7)',
  }),
  MXFLOW_BOUNCE_BACKLOG: setting.integer({
    min: 1,
    max: 100_000_000,
    default: 200_000,
    describe: 'Stored mails that may wait to be processed; above, mail is put off',
  }),
  MXFLOW_BOUNCE_STORED: setting.integer({
    min: 1_000_000,
    max: 100_000_000_000_000,
    default: 20_000_000_000,
    unit: 'octets',
    describe: 'Mail kept in Postgres until its retention ends; above, mail is put off: nobody may fill the disk',
  }),
  MXFLOW_BOUNCE_MAX_AGE: setting.duration({
    min: '1d',
    max: '365d',
    default: '30d',
    describe: 'Age of a message after which no bounce of it counts',
  }),
  MXFLOW_BOUNCE_THREADS: setting.integer({
    min: 1,
    max: 64,
    default: 2,
    describe: 'Threads that read and classify mail',
  }),
  MXFLOW_BOUNCE_READ_LIMIT: setting.duration({
    min: '50ms',
    max: '1m',
    default: '1s',
    describe: 'How long reading one mail may take; then it is kept as not understood',
  }),
  MXFLOW_BOUNCE_MAILBOXES: setting.list({
    default: [],
    item: /^(?:pop3s?|imaps?):\/\/[^:@\s]+:[^@\s]+@[^\s,]+$/,
    expectedItem: 'mailboxes such as imaps://USER:PASSWORD@HOST:PORT/FOLDER or pop3s://USER:PASSWORD@HOST',
    describe: 'Mailboxes that are emptied besides; user and password percent-encoded',
    secret: true,
  }),
  MXFLOW_BOUNCE_MAILBOX_EVERY: setting.duration({
    min: '1s',
    max: '1h',
    default: '1m',
    describe: 'Time between two visits to a mailbox',
  }),
} as const;

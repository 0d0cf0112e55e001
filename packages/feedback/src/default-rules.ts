import type { FeedbackAction, FeedbackRule } from '@mxflow/domain';

const MINUTE = 60;
const HOUR = 3600;

const suspend = (seconds: number): FeedbackAction => ({ kind: 'suspend', seconds });
const connections = (cap: number, seconds: number): FeedbackAction => ({ kind: 'connections', cap, seconds });
const rate = (cap: number, seconds: number): FeedbackAction => ({ kind: 'rate', cap, seconds });

/** `[id, mask, pattern, threshold per hour, action, must match, must not match]`. */
type Row = readonly [string, string, string, number, FeedbackAction, string, string];

const GOOGLE = '*.google.com';
const OUTLOOK = '*.protection.outlook.com';
const YAHOO = '*.yahoodns.net';

/**
 * What providers say when they want less, and what senders do then. The order matters: the first that matches holds, so
 * that a provider's own words stand before the general ones. Thresholds are low where the words are about the sending
 * IP, higher where single messages meet them too.
 */
const ROWS: readonly Row[] = [
  [
    'yahoo-complaints',
    YAHOO,
    String.raw`\[TSS?0[1-5]\]`,
    10,
    suspend(2 * HOUR),
    '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints',
    '421 4.7.0 [GL01] Message from (192.0.2.1) temporarily deferred',
  ],
  [
    'yahoo-ip-deferred',
    YAHOO,
    String.raw`\[IPTS0[45]\]`,
    10,
    rate(300, HOUR),
    '421 4.7.1 [IPTS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume',
    '250 ok dirdel',
  ],
  [
    'yahoo-listed',
    YAHOO,
    String.raw`553 5\.7\.1 \[BL`,
    3,
    suspend(4 * HOUR),
    '553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1',
    '554 5.7.9 Message not accepted for policy reasons',
  ],
  [
    'gmail-unusual-rate',
    GOOGLE,
    'detected an unusual rate',
    5,
    rate(600, 30 * MINUTE),
    '421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address',
    '550 5.1.1 The email account that you tried to reach does not exist',
  ],
  [
    'gmail-unsolicited',
    GOOGLE,
    'our system has detected that this message',
    20,
    suspend(HOUR),
    '550 5.7.1 Our system has detected that this message is likely unsolicited mail',
    '421 4.7.0 Try again later, closing connection',
  ],
  [
    'outlook-listed',
    OUTLOOK,
    'part of their network is on our block list',
    3,
    suspend(2 * HOUR),
    "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140)",
    '550 5.5.0 Requested action not taken: mailbox unavailable',
  ],
  [
    'outlook-connections',
    OUTLOOK,
    'exceeded the maximum number of connections',
    3,
    connections(1, HOUR),
    '421 RP-001 The mail server IP connecting has exceeded the maximum number of connections allowed',
    '421 4.3.2 Service not available',
  ],
  [
    'outlook-messages-per-connection',
    OUTLOOK,
    'maximum number of messages per connection',
    3,
    rate(600, HOUR),
    '421 RP-003 exceeded the maximum number of messages per connection',
    '421 4.3.2 Service not available',
  ],
  [
    'outlook-busy',
    OUTLOOK,
    'server busy|temporarily rate limited',
    10,
    suspend(30 * MINUTE),
    '451 4.7.652 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation',
    '451 4.4.4 Mail received as unauthenticated',
  ],
  [
    'apple-deferred',
    '*.icloud.com',
    String.raw`\[(BS02|HCM1)\]`,
    5,
    suspend(15 * MINUTE),
    '450 4.1.1 [HCM1] Message rejected due to local policy. Please try again later',
    '552 5.2.2 over quota',
  ],
  [
    'apple-listed',
    '*.icloud.com',
    String.raw`\[?(DBL|blocked using spamhaus)`,
    3,
    suspend(4 * HOUR),
    '554 5.7.1 Service unavailable; Sender domain listed [DBL]',
    '550 5.1.1 unknown address',
  ],
  [
    'orange-connections',
    '*.orange.fr',
    'trop de connexions',
    3,
    connections(1, HOUR),
    '421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104',
    '550 5.1.1 Adresse d au moins un destinataire invalide',
  ],
  [
    'gmx-connections',
    '*.gmx.net',
    'too many connections',
    3,
    connections(1, 30 * MINUTE),
    '421 gmx.net (mxgmx101) Nemesis ESMTP Service not available: Too many connections',
    '550 Requested action not taken: mailbox unavailable',
  ],
  [
    'webde-connections',
    '*.web.de',
    'too many connections',
    3,
    connections(1, 30 * MINUTE),
    '421 web.de (mxweb011) Nemesis ESMTP Service not available: Too many connections',
    '552 Requested mail action aborted: exceeded storage allocation',
  ],
  [
    'gmx-policy',
    '*.gmx.net',
    'policy restrictions',
    10,
    suspend(HOUR),
    '554 Transaction failed. Reject due to policy restrictions',
    '550 Requested action not taken: mailbox unavailable',
  ],
  [
    'comcast-rate',
    '*.comcast.net',
    String.raw`\bRL0000\d\d\b`,
    5,
    rate(600, HOUR),
    '452 4.1.0 Too many recipients RL000001',
    '550 5.1.1 Not our Customer',
  ],
  [
    'qq-frequency',
    '*.qq.com',
    'frequency limited',
    5,
    suspend(HOUR),
    '450 Connection frequency limited. https://service.mail.qq.com/',
    '550 Mailbox not found',
  ],
  [
    'netease-connections',
    '*.netease.com',
    '421 too many connections|RP:ORQ',
    3,
    connections(1, HOUR),
    '421 Too many connections 163 smtp12',
    '550 User not found: someone@example.com',
  ],
  [
    'netease-listed',
    '*.netease.com',
    String.raw`\b(HL:ITC|DT:SPM)\b`,
    10,
    suspend(2 * HOUR),
    '554 DT:SPM 163 smtp1,Please see http://mail.163.com/help/help_spam_16.htm',
    '550 User not found: someone@example.com',
  ],
  [
    'any-connections',
    '*',
    String.raw`too many (concurrent |simultaneous |smtp )?(connections|sessions)`,
    5,
    connections(1, 30 * MINUTE),
    '421 4.7.0 mx1.example.net Error: too many connections from 192.0.2.1',
    '452 4.5.3 Too many recipients',
  ],
  [
    'any-rate',
    '*',
    String.raw`rate limited due to ip reputation|(rate|message|sending) limit(s)? (has been )?exceeded|too many messages (from|in)`,
    10,
    rate(300, 30 * MINUTE),
    '451 4.7.1 Your sending limit exceeded, try later',
    '552 5.3.4 Message size exceeds fixed limit',
  ],
  [
    'any-deferred',
    '*',
    'temporarily deferred (due to|because)|rate limited',
    20,
    rate(600, 30 * MINUTE),
    '421 4.16.55 [TS01] Messages from 192.0.2.1 temporarily deferred due to excessive user complaints',
    '451 4.7.1 Greylisting in action, please come back later',
  ],
];

const STEP_SECONDS = 10 * MINUTE;

/** The feedback rules that come with this version. */
export const DEFAULT_FEEDBACK_RULES: readonly FeedbackRule[] = ROWS.map(
  ([id, mask, pattern, thresholdPerHour, action, match, pass]) => ({
    id,
    mask,
    pattern,
    thresholdPerHour,
    action,
    stepSeconds: STEP_SECONDS,
    matches: [match],
    passes: [pass],
  }),
);

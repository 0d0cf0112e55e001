/** Wording of the mailbox providers of the Americas and of the world at large, as their servers send it. */
export const WORLD_REPLIES = {
  gmail: {
    'unknown-user': [
      {
        code: 550,
        lines: [
          '5.1.1 The email account that you tried to reach does not exist. Please try',
          "5.1.1 double-checking the recipient's email address for typos or",
          '5.1.1 unnecessary spaces. For more information, go to',
          '5.1.1  https://support.google.com/mail/?p=NoSuchUser {id} - gsmtp',
        ],
      },
    ],
    'mailbox-full': [
      {
        code: 552,
        lines: [
          "5.2.2 The recipient's inbox is out of storage space and inactive. Please",
          '5.2.2 direct the recipient to',
          '5.2.2  https://support.google.com/mail/?p=OverQuotaPerm {id} - gsmtp',
        ],
      },
    ],
    inactive: [
      {
        code: 550,
        lines: [
          '5.2.1 The email account that you tried to reach is inactive. For more',
          '5.2.1 information, go to',
          '5.2.1  https://support.google.com/mail/?p=DisabledUser {id} - gsmtp',
        ],
      },
    ],
    blocked: [
      {
        code: 550,
        lines: [
          '5.7.1 [{source}      19] Our system has detected that this message is',
          '5.7.1 likely unsolicited mail. To reduce the amount of spam sent to Gmail,',
          '5.7.1 this message has been blocked. For more information, go to',
          '5.7.1  https://support.google.com/mail/?p=UnsolicitedMessageError {id} - gsmtp',
        ],
      },
    ],
    throttled: [
      {
        code: 421,
        lines: [
          '4.7.28 [{source}      15] Our system has detected an unusual rate of',
          '4.7.28 unsolicited mail originating from your IP address. To protect our',
          '4.7.28 users from spam, mail sent from your IP address has been temporarily',
          '4.7.28 rate limited. For more information, go to',
          '4.7.28  https://support.google.com/mail/?p=UnsolicitedRateLimitError {id} - gsmtp',
        ],
      },
    ],
    'temporary-failure': [
      {
        code: 451,
        lines: [
          '4.3.0 Mail server temporarily rejected message. For more information, go to',
          '4.3.0  https://support.google.com/a/answer/3221692 {id} - gsmtp',
        ],
      },
      {
        code: 450,
        lines: [
          '4.2.1 The user you are trying to contact is receiving mail at a rate that',
          '4.2.1 prevents additional messages from being delivered. Please resend your',
          '4.2.1 message at a later time. For more information, go to',
          '4.2.1  https://support.google.com/mail/?p=ReceivingRate {id} - gsmtp',
        ],
      },
    ],
    'too-many-connections': [
      {
        code: 421,
        lines: ['4.7.0 Too many concurrent connections from {source}, closing connection. {id} - gsmtp'],
      },
    ],
  },
  outlook: {
    'unknown-user': [
      {
        code: 550,
        lines: ['5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [{host}]'],
      },
      { code: 550, lines: ['5.1.1 Requested action not taken: mailbox unavailable [{host} {id}]'] },
    ],
    'mailbox-full': [
      {
        code: 552,
        lines: [
          '5.2.2 Requested mail action aborted: exceeded storage allocation. The mailbox of {address} is over quota [{host}]',
        ],
      },
    ],
    inactive: [
      {
        code: 550,
        lines: ['5.2.1 Requested action not taken: mailbox disabled, not accepting messages [{host}]'],
      },
    ],
    blocked: [
      {
        code: 550,
        lines: [
          "5.7.1 Unfortunately, messages from [{source}] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140). You can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors. [{host}]",
        ],
      },
    ],
    throttled: [
      {
        code: 421,
        lines: [
          "RP-001 ({host}) Unfortunately, some messages from {source} weren't sent. Please try again. We have limits for how many messages can be sent per hour and per day. You can also refer to http://mail.live.com/mail/troubleshooting.aspx#errors.",
        ],
      },
      {
        code: 451,
        lines: [
          '4.7.650 The mail server [{source}] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.live.com (S775) [{host}]',
        ],
      },
    ],
    'too-many-connections': [
      {
        code: 421,
        lines: [
          "RP-003 ({host}) Unfortunately, some messages from {source} weren't sent. The server has exceeded the maximum number of connections.",
        ],
      },
    ],
    'temporary-failure': [
      {
        code: 451,
        lines: ['4.7.500 Server busy. Please try again later from [{source}]. (S77719) [{host}]'],
      },
    ],
  },
  office365: {
    'unknown-user': [
      {
        code: 550,
        lines: ['5.4.1 Recipient address rejected: Access denied. AS(201806281) [{host}]'],
      },
      {
        code: 550,
        lines: ['5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {address} not found by SMTP address lookup'],
      },
    ],
    'mailbox-full': [
      {
        code: 554,
        lines: [
          '5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; [{host}]',
        ],
      },
    ],
    inactive: [{ code: 550, lines: ['5.2.1 Mailbox disabled; STOREDRV.Deliver: disabled mailbox [{host}]'] }],
    blocked: [
      {
        code: 550,
        lines: [
          '5.7.606 Access denied, banned sending IP [{source}]. To request removal from this list please visit https://sender.office.com/ and follow the directions. AS(1430) [{host}]',
        ],
      },
    ],
    throttled: [
      {
        code: 451,
        lines: ['4.7.500 Server busy. Please try again later from [{source}]. (AS77712) [{host}]'],
      },
    ],
    'temporary-failure': [{ code: 451, lines: ['4.4.62 Mail sent to the wrong Office 365 region. ATTR35 [{host}]'] }],
  },
  yahoo: {
    'unknown-user': [
      {
        code: 554,
        lines: ["delivery error: dd This user doesn't have a yahoo.com account ({address}) [-5] - {host}"],
      },
      { code: 552, lines: ['1 Requested mail action aborted, mailbox not found'] },
    ],
    'mailbox-full': [{ code: 552, lines: ['5.2.2 Mailbox full: the mailbox of {address} is over quota - {host}'] }],
    inactive: [{ code: 554, lines: ['delivery error: dd This mailbox is disabled ({address}). - {host}'] }],
    blocked: [
      {
        code: 553,
        lines: [
          "5.7.1 [BL21] Connections will not be accepted from {source}, because the ip is in Spamhaus's list; see http://postmaster.yahoo.com/errors/550-bl23.html",
        ],
      },
    ],
    throttled: [
      {
        code: 421,
        lines: [
          '4.7.0 [TSS04] Messages from {source} temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes',
        ],
      },
      {
        code: 421,
        lines: [
          '4.16.55 [TS01] Messages from {source} temporarily deferred due to excessive user complaints; see https://postmaster.yahooinc.com/error-codes',
        ],
      },
    ],
    'too-many-connections': [
      {
        code: 421,
        lines: ['4.7.0 [IPTS04] Too many concurrent SMTP connections from {source}; please try again later'],
      },
    ],
    'temporary-failure': [
      {
        code: 451,
        lines: ['4.3.2 Internal error reading data; temporarily unavailable [{id}] - {host}'],
      },
    ],
    'spam-content': [
      {
        code: 554,
        lines: [
          'Message not allowed - [PH01] Email not accepted for policy reasons.  Please visit https://postmaster.yahooinc.com/error-codes',
        ],
      },
    ],
  },
  icloud: {
    'unknown-user': [{ code: 550, lines: ['5.1.1 <{address}>: user does not exist'] }],
    'mailbox-full': [{ code: 552, lines: ['5.2.2 <{address}>: user is over quota'] }],
    inactive: [{ code: 550, lines: ['5.1.6 <{address}>: recipient no longer on server: inactive mailbox'] }],
    blocked: [
      {
        code: 550,
        lines: [
          '5.7.1 Your email was rejected due to having a domain present in the Spamhaus DBL -- see https://www.spamhaus.org/dbl/',
        ],
      },
    ],
    throttled: [
      {
        code: 421,
        lines: [
          '4.7.1 [HCM1] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137',
        ],
      },
    ],
    'temporary-failure': [
      {
        code: 450,
        lines: ['4.2.2 [BS02] Service temporarily unavailable, please try again later'],
      },
    ],
  },
  comcast: {
    'unknown-user': [{ code: 550, lines: ['5.1.1 Not our Customer <{address}>'] }],
    'mailbox-full': [{ code: 552, lines: ['5.2.2 <{address}> mailbox is full: quota exceeded'] }],
    inactive: [{ code: 550, lines: ['5.2.1 <{address}>: Account not available, mailbox inactive'] }],
    blocked: [
      {
        code: 554,
        lines: [
          '{host} comcast {source} found on one or more DNSBLs, see http://postmaster.comcast.net/smtp-error-codes.php#BL000000',
        ],
      },
    ],
    throttled: [{ code: 421, lines: ['{host} comcast Try again later RL000001'] }],
    'too-many-connections': [{ code: 421, lines: ['{host} comcast Too many sessions opened from {source} RL000002'] }],
    'temporary-failure': [{ code: 452, lines: ['4.1.1 <{address}> requested action aborted: try again later'] }],
  },
} as const;

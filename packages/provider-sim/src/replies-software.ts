/** Wording of mail servers as they come, without a provider's own texts. Postfix's has every reason: the others fall back on it. */
export const SOFTWARE_REPLIES = {
  postfix: {
    'unknown-user': [
      {
        code: 550,
        lines: ['5.1.1 <{address}>: Recipient address rejected: User unknown in local recipient table'],
      },
    ],
    'mailbox-full': [
      {
        code: 552,
        lines: ['5.2.2 <{address}>: Recipient address rejected: Mailbox is full / quota exceeded'],
      },
    ],
    inactive: [
      {
        code: 550,
        lines: ['5.2.1 <{address}>: Recipient address rejected: Inactive MailBox, not popped for more than 6 months'],
      },
    ],
    blocked: [
      {
        code: 554,
        lines: [
          '5.7.1 Service unavailable; Client host [{source}] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/{source}',
        ],
      },
    ],
    throttled: [{ code: 450, lines: ['4.7.1 Error: too much mail from {source}'] }],
    greylisted: [
      {
        code: 451,
        lines: [
          '4.7.1 <{address}>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/{domain}.html',
        ],
      },
    ],
    'too-many-connections': [{ code: 421, lines: ['4.7.0 {host} Error: too many connections from {source}'] }],
    'spam-content': [{ code: 554, lines: ['5.7.1 Message rejected due to spam content'] }],
    'temporary-failure': [{ code: 451, lines: ['4.3.0 <{address}>: Temporary lookup failure'] }],
  },
  exim: {
    'unknown-user': [
      { code: 550, lines: ['No such user here: {address}'] },
      { code: 550, lines: ['Unrouteable address'] },
    ],
    'mailbox-full': [{ code: 552, lines: ['Mailbox quota exceeded for {address}'] }],
    inactive: [{ code: 550, lines: ['Account {local} is disabled'] }],
    blocked: [
      {
        code: 550,
        lines: ['JunkMail rejected - ({host}) [{source}] is in an RBL: Client host blocked'],
      },
    ],
    greylisted: [{ code: 451, lines: ['Greylisted, please try again in 60 seconds'] }],
    'too-many-connections': [
      {
        code: 421,
        lines: ['Too many concurrent SMTP connections from {source}; please try again later.'],
      },
    ],
    'temporary-failure': [{ code: 451, lines: ['Temporary local problem - please try later'] }],
  },
  exchange: {
    'unknown-user': [{ code: 550, lines: ['5.1.1 RESOLVER.ADR.RecipNotFound; not found'] }],
    'mailbox-full': [{ code: 554, lines: ['5.2.2 mailbox full'] }],
    'too-many-connections': [
      {
        code: 421,
        lines: [
          '4.3.2 The maximum number of concurrent connections has exceeded a limit, closing transmission channel',
        ],
      },
    ],
    'temporary-failure': [{ code: 452, lines: ['4.3.1 Insufficient system resources'] }],
  },
  mimecast: {
    'unknown-user': [
      {
        code: 550,
        lines: ['Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [{id}]'],
      },
    ],
    greylisted: [
      {
        code: 451,
        lines: [
          'Internal resources are temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451 [{id}]',
        ],
      },
    ],
    blocked: [
      {
        code: 550,
        lines: ['csi.mimecast.org Poor Reputation Sender. - https://community.mimecast.com/docs/DOC-1369#550 [{id}]'],
      },
    ],
  },
  barracuda: {
    'unknown-user': [
      {
        code: 550,
        lines: ['permanent failure for one or more recipients ({address}:550 5.1.1 User unknown)'],
      },
    ],
    blocked: [
      {
        code: 554,
        lines: [
          'Service unavailable; Client host [{host}] blocked using Barracuda Reputation; http://www.barracudanetworks.com/reputation/?r=1&ip={source}',
        ],
      },
    ],
    throttled: [{ code: 452, lines: ['Too many recipients received this hour'] }],
  },
} as const;

/** Wording of Asian mailbox providers, as their servers send it. */
export const ASIA_REPLIES = {
  qq: {
    'unknown-user': [
      {
        code: 550,
        lines: [
          'The recipient may contain a non-existent account, please check the recipient address. https://open.work.weixin.qq.com/help2/pc/20022',
        ],
      },
      {
        code: 550,
        lines: ['Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000728'],
      },
    ],
    'mailbox-full': [
      {
        code: 552,
        lines: ['5.2.2 Mailbox space is not enough. The mailbox of the recipient is full. [{id} IP: {source}]'],
      },
    ],
    inactive: [
      {
        code: 550,
        lines: ['Mailbox unavailable or access denied: the account is inactive. [{id} IP: {source}]'],
      },
    ],
    blocked: [
      {
        code: 550,
        lines: ['Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726'],
      },
    ],
    throttled: [
      {
        code: 550,
        lines: ['Ip frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000725'],
      },
    ],
    'too-many-connections': [
      {
        code: 421,
        lines: [
          'Too many connections from {source}. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000722',
        ],
      },
    ],
    'temporary-failure': [
      {
        code: 451,
        lines: ['Connection frequency limited, temporarily deferred, please retry. [{id} IP: {source}]'],
      },
    ],
  },
  netease: {
    'unknown-user': [{ code: 550, lines: ['User not found: {address}'] }],
    'mailbox-full': [{ code: 552, lines: ['Quota exceeded: {address} mailbox is full'] }],
    inactive: [{ code: 550, lines: ['User suspended: {address}'] }],
    blocked: [
      {
        code: 554,
        lines: ['DT:SPM {host},{id}, please see http://mail.163.com/help/help_spam_16.htm?ip={source}'],
      },
    ],
    throttled: [
      {
        code: 451,
        lines: ['RP:ORQ {host},{id}, please see http://mail.163.com/help/help_spam_16.htm?ip={source}'],
      },
    ],
    'too-many-connections': [{ code: 421, lines: ['HL:ICC {host},{id} too many connections from {source}'] }],
  },
  'yahoo.co.jp': {
    'unknown-user': [
      {
        code: 550,
        lines: ['5.1.1 Unknown user: {address} (recipient rejected, see https://support.yahoo-net.jp/)'],
      },
    ],
    'mailbox-full': [{ code: 552, lines: ['5.2.2 mailbox is over quota: {address}'] }],
    throttled: [{ code: 421, lines: ['4.7.1 Too many messages from {source}; try again later'] }],
  },
  naver: {
    'unknown-user': [{ code: 550, lines: ['5.1.1 No such user here {address} - nsmtp'] }],
    'mailbox-full': [{ code: 552, lines: ['5.2.2 Mailbox is full {address} - nsmtp'] }],
    throttled: [{ code: 421, lines: ['4.3.2 Your ip blocked from this server {source} - nsmtp'] }],
  },
} as const;

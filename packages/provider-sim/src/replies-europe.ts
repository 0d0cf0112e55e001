/** Wording of European mailbox providers, as their servers send it. */
export const EUROPE_REPLIES = {
  orange: {
    'unknown-user': [
      {
        code: 550,
        lines: ['5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR204_416 [416]'],
      },
      { code: 550, lines: ['5.1.1 <{address}> User unknown {{host}}'] },
    ],
    'mailbox-full': [
      {
        code: 552,
        lines: ['5.2.2 La boite du destinataire est pleine. Recipient overquota. OFR204_417 [417]'],
      },
    ],
    inactive: [
      {
        code: 550,
        lines: ['5.2.1 Boite du destinataire archivee. Archived recipient. OFR204_420 [420]'],
      },
    ],
    blocked: [
      {
        code: 554,
        lines: [
          '5.7.1 Service refuse. Veuillez consulter https://postmaster.orange.fr/ Service refused, please check your IP {source}. OFR004_104 [104]',
        ],
      },
    ],
    throttled: [
      {
        code: 421,
        lines: ['Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR004_105 [105]'],
      },
    ],
    'too-many-connections': [
      {
        code: 421,
        lines: [
          '{host} ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104 [104]',
        ],
      },
    ],
    'temporary-failure': [
      {
        code: 450,
        lines: ['4.3.2 Service temporairement indisponible. Veuillez essayer plus tard. OFR205_100 [100]'],
      },
    ],
    'spam-content': [{ code: 550, lines: ['5.7.1 Mail refuse (spam). Message refused (spam). OFR_506 [506]'] }],
  },
  gmx: {
    'unknown-user': [
      {
        code: 550,
        lines: [
          'Requested action not taken: mailbox unavailable',
          'For explanation visit https://postmaster.gmx.net/en/error-messages?ip={source}&c=rcpt',
        ],
      },
    ],
    'mailbox-full': [
      {
        code: 552,
        lines: [
          'Requested mail action aborted: exceeded storage allocation',
          'Quota exceeded. The recipient mailbox is full. ({id})',
        ],
      },
    ],
    inactive: [
      {
        code: 550,
        lines: ['Requested action not taken: mailbox unavailable', 'Account is inactive. ({id})'],
      },
    ],
    blocked: [
      {
        code: 554,
        lines: [
          'Transaction failed',
          'Reject due to policy restrictions.',
          'For explanation visit https://postmaster.gmx.net/en/error-messages?ip={source}&c=bl',
        ],
      },
    ],
    throttled: [
      {
        code: 450,
        lines: [
          'Requested mail action not taken: mailbox unavailable',
          'Mail send limit exceeded.',
          'For explanation visit https://postmaster.gmx.net/en/error-messages?ip={source}&c=sl',
        ],
      },
    ],
    greylisted: [
      {
        code: 451,
        lines: ['4.7.1 Requested action aborted: greylisted, please try again later ({id})'],
      },
    ],
    'too-many-connections': [
      {
        code: 421,
        lines: [
          'gmx.net ({host}) Service not available',
          'Too many connections',
          'For explanation visit https://postmaster.gmx.net/en/error-messages?ip={source}&c=tmc',
        ],
      },
    ],
    'temporary-failure': [{ code: 451, lines: ['Requested action aborted: local error in processing ({id})'] }],
  },
  'web.de': {
    'unknown-user': [
      {
        code: 550,
        lines: [
          'Requested action not taken: mailbox unavailable',
          'For explanation visit https://postmaster.web.de/error-messages?ip={source}&c=rcpt',
        ],
      },
    ],
    'mailbox-full': [
      {
        code: 552,
        lines: [
          'Requested mail action aborted: exceeded storage allocation',
          'Das Postfach des Empfaengers ist voll. Quota exceeded. ({id})',
        ],
      },
    ],
    greylisted: [
      {
        code: 451,
        lines: ['4.7.1 <{address}>: Recipient address rejected: Greylisted, please try again in a few minutes'],
      },
    ],
    'too-many-connections': [{ code: 421, lines: ['web.de ({host}) Service not available', 'Too many connections'] }],
  },
  't-online': {
    'unknown-user': [{ code: 550, lines: ['5.1.1 Benutzer hat kein Konto hier. User unknown: {address}'] }],
    'mailbox-full': [{ code: 552, lines: ['5.2.2 Das Postfach ist voll. Mailbox full / quota exceeded'] }],
    blocked: [
      {
        code: 554,
        lines: [
          'IP={source} - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.)',
        ],
      },
    ],
    throttled: [
      {
        code: 421,
        lines: ['4.7.0 Zu viele Nachrichten. Too many messages from {source}, please slow down'],
      },
    ],
  },
  laposte: {
    'unknown-user': [{ code: 550, lines: ['5.5.0 Boite inconnue. User unknown <{address}>. LPN007_510'] }],
    'mailbox-full': [
      {
        code: 552,
        lines: ['5.2.2 Boite du destinataire pleine. Recipient over quota. LPN007_511'],
      },
    ],
    throttled: [{ code: 421, lines: ['4.7.0 Trop de messages. Too many messages, slow down. LPN105_104'] }],
  },
  sfr: {
    'unknown-user': [
      {
        code: 550,
        lines: ['5.1.1 <{address}>: Recipient address rejected: User unknown in relay recipient table'],
      },
    ],
    inactive: [
      {
        code: 550,
        lines: ['5.7.1 <{address}>: Recipient address rejected: Inactive MailBox, not poped for more than 6 months'],
      },
    ],
    'mailbox-full': [{ code: 550, lines: ['5.2.2 User quota exceeded'] }],
  },
  libero: {
    'unknown-user': [
      {
        code: 550,
        lines: ['smtp-{host} recipient <{address}> does not exist: utente sconosciuto'],
      },
    ],
    'mailbox-full': [{ code: 552, lines: ['5.2.2 <{address}> casella piena, mailbox quota exceeded'] }],
    throttled: [
      {
        code: 421,
        lines: ['4.7.0 [smtp-{host}] too many messages from {source}, service not available'],
      },
    ],
  },
  'mail.ru': {
    'unknown-user': [
      {
        code: 550,
        lines: ['Message was not accepted -- invalid mailbox.  Local mailbox {address} is unavailable: user not found'],
      },
    ],
    'mailbox-full': [
      {
        code: 550,
        lines: [
          'Message was not accepted -- invalid mailbox.  Local mailbox {address} is unavailable: account is full (quota exceeded)',
        ],
      },
    ],
    inactive: [
      {
        code: 550,
        lines: [
          'Message was not accepted -- invalid mailbox.  Local mailbox {address} is unavailable: user is terminated',
        ],
      },
    ],
    blocked: [
      {
        code: 550,
        lines: [
          'spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c={id} or report details to abuse@corp.mail.ru. Error code: {id}.',
        ],
      },
    ],
    throttled: [
      {
        code: 421,
        lines: ['Rate limit exceeded for {source}. Please visit http://help.mail.ru/notspam-support/id?c={id}'],
      },
    ],
    'temporary-failure': [{ code: 451, lines: ['Temporary local problem - please try later'] }],
  },
  yandex: {
    'unknown-user': [{ code: 550, lines: ['5.7.1 No such user! {id}-{host}'] }],
    'mailbox-full': [{ code: 552, lines: ['5.2.2 Mailbox size limit exceeded {id}-{host}'] }],
    blocked: [
      {
        code: 554,
        lines: ['5.7.1 [2] Message rejected under suspicion of SPAM; https://ya.cc/1IrBc {id}-{host}'],
      },
    ],
    throttled: [
      {
        code: 451,
        lines: ['4.7.1 Sorry, the service is currently unavailable. Please come back later. {id}-{host}'],
      },
    ],
  },
} as const;

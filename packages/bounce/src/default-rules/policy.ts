import type { BounceRule } from '@mxflow/domain';

import { inOtherLanguages } from './languages.ts';
import { rulesOf, type Verdict } from './row.ts';
import { unknownByItsWords } from './unknown-words.ts';

const UNKNOWN = '550 5.1.1 <user@example.com>... User Unknown';

/**
 * A status that calls an address unknown before a text that no rule knows and that speaks of something else: words that
 * say nothing where a text stands alone, and enough to doubt the code.
 */
function besidesItsCode(
  verdict: Pick<Verdict, 'reason' | 'detail'>,
  [name, words, matches]: readonly [name: string, words: readonly string[], matches: readonly string[]],
): readonly BounceRule[] {
  const within = { where: ['reply', 'diagnostic'], enhancedStatuses: ['5.1.1', '5.1.3', '5.1.6'] } as const;
  const whole = words.map((word) => `(^|[^a-z0-9@._/-])${word}([^a-z0-9@._/-]|[.]( |$)|$)`);
  return rulesOf({ ...verdict, ...within }, [
    [name, whole, matches, [UNKNOWN, '550 5.1.1 Bounced', '550 5.1.1 olga.queue.storage.relay@example.com zzz']],
  ]);
}

/** Refusals that give no better reason: last, since their words stand in every other refusal too. */
export const POLICY_RULES: readonly BounceRule[] = [
  ...rulesOf({ reason: 'refused', detail: 'security' }, [
    [
      'Security',
      [
        'authrequired',
        'authentication (is )?(required|needed|mandatory)',
        'must (be )?authenticat',
        'not authenticated',
        'authenticat(e|ion) (first|before|failed|failure|unsuccessful|credentials)',
        '(user.?name|password|credentials|login) (and password )?(not accepted|incorrect|invalid|rejected)',
        'authorization (failed|required)',
        'only authenticated',
        'smtp authentication',
        'failed to authenticate',
        'cryptographic failure',
        'mechanism [a-z0-9-]+ not available',
        '(local|internal) (sender|user|use)s? only',
        'requires? (smtp )?authenticat',
      ],
      ['550 5.7.1 RESOLVER.RST.AuthRequired; authentication required', '535 5.7.8 Authentication credentials invalid'],
      [UNKNOWN, '550 rejected'],
    ],
  ]),
  ...rulesOf({ reason: 'refused', detail: 'not-rfc-compliant' }, [
    [
      'Not_compliant',
      [
        'rfc ?-?([0-9]{4}|9[0-9]{2}|82([013-9]|2([^0-9;]|$)))',
        'rfc.*(compli|violat|conform)',
        '(not|non)[- ]?(rfc|compliant|conform)',
        '(header|headers|message-id|date|from|to|mime|line|body|format|address)(s)?( field| header)?( is| was| are)? (missing|malformed|invalid|not valid|duplicate|error|empty|mangled)',
        '(missing|malformed|invalid|duplicate|multiple|bad|illegal|bare|no) (date|from|message-id|message id|header|headers|mime|lf|cr|line|newline|subject|to header)',
        'bare (lf|cr|newline|line)',
        'illegal (characters?|header|mime)',
        'message (is )?(malformed|not properly|improperly)',
        'header (error|syntax|line|fields?)',
        'header: too (few|many)',
        'domain name required',
        'syntax check',
        '(unknown|unrecogni[sz]ed|unsupported|wrong) (date|encoding|char ?set|character set|content.type|header)',
        '(missing|malformed|empty)( or (missing|malformed|empty))? local[ -]part',
        'restricted characters',
        'syntactically invalid',
        'non-?standard',
        'body type not supported',
        'invalid data in (the )?message',
        'message has (two|several|multiple|more than one)',
        '(^|[^a-z])no [a-z]+(-[a-z]+)? (header )?field (given|found|present)',
        '(lacks|lacking|without) an? (subject|date|from|message-id)',
        'lone (cr|lf)',
        '(^|[^a-z])nul (characters?|bytes?)',
        '7-? ?bit failed',
        '8-?bit (data|char)',
      ],
      [
        '550 5.6.0 Message headers are malformed: not RFC 5322 compliant',
        '554 5.6.0 Bare LF in message',
        '554 5.7.0 Header error',
      ],
      [UNKNOWN, '550 rejected'],
    ],
  ]),
  ...rulesOf({ reason: 'inactive-user', detail: 'suspended', replyCodes: ['5'] }, [
    [
      'Unavailable_account',
      ['(account|user)( <?[^ ]+@[^ ]+)? is (currently )?unavailable', 'unavailable (mail ?box|mail user|user|account)'],
      ['550 this account is unavailable'],
      ['550 5.1.1 this address is unavailable', UNKNOWN],
    ],
  ]),
  ...rulesOf({ reason: 'refused', detail: 'recipient-filter' }, [
    [
      'Recipient_filter',
      [
        'recipient( address)?( [^ ]+)? (has |is |was |does |will |refuse[sd]? |not |only |would )*(to )?(restrict|reject|refus|denied|not (accept|want|wish|allow)|filter|block|unable to (receive|accept)|accept|decline|disallow|unwilling|limited)',
        '(user|mailbox|account|address|group)( [^ ]+)? (is |has |does |will |refuse[sd]? |only |not )*(to )?(restrict|reject|refus|not (accept|want|wish|allow)|filtered|only accepts|not accepting|accept messages only|accepts messages only)',
        'refuse[sd]? to (accept|receive)',
        'because the recipient',
        '(recipient|receiver|addressee|user)( [^ ]+)? (do|does) ?(not|.?n.?t) (want|wish|accept|like)',
        '(recipient|address|rcpt) verification (has )?(failed|problem|error)',
        'cannot deliver (e-?)?(mail|messages?) (for|to)',
        'i[.]ua/err/10([^0-9]|$)',
        'set up to receive messages from',
        'do.?n.t have permission',
        'mail flow rule',
        '(^|[^a-z])rcp-p[23]',
        'not accept(ing)? (messages|mail|e-?mail|any)',
        'delivery to this (address|recipient|group) is (restrict|not)',
        'delivery not (authori[sz]ed|allowed|permitted)',
        'message (was )?(refused|rejected) by (the )?(recipient|user|owner|addressee)',
        'not (allowed|permitted|authori[sz]ed) to (send|deliver|e-?mail|mail|write)',
        'recipient not found',
        'recipients?[^.]* (not|un)(acceptable| acceptable)',
        'mailbox unavailable',
        'mailbox (is )?(currently )?(unavailable|not available|inaccessible)',
        'invalid address',
        'cannot deliver to',
        'no (valid|correct) recipients',
        'resolver[.]rst',
        'notauthorized',
        'transport[.]rules[.]reject',
        'ドメイン指定(受信|拒否)',
        '受信(拒否|制限)',
        '拒收',
      ],
      [
        "Your message can't be delivered because delivery to this address is restricted.",
        '550 5.7.1 Recipient refuses to accept your mail',
        '550 5.7.124 Sender not in allowed-senders list: recipient only accepts messages from people in its organization',
      ],
      [UNKNOWN, '554 5.7.1 blocked'],
    ],
  ]),
  ...rulesOf({ reason: 'refused', detail: 'policy' }, [
    [
      'Policy',
      [
        'polic(y|ies)',
        'violat',
        'no permit([^a-z]|$)',
        '(^|[^a-z])(mi|dt|hl|wm|av|ir|fl):[a-z]{3}([^a-z]|$)',
        '(do|does|did) ?(not|n.?t) have (the |an? |any |create |send |write |post |sufficient |enough |proper |required |necessary |appropriate )*(permissions?|rights?|privileges?|authority|authori[sz]ation)',
        'on behalf of',
        'check (that |if )?your (smtp|outgoing|mail|e-?mail) ?(server|settings|client|program)',
        '(^|[^a-z])restrictions?([^a-z]|$)',
        'filter(ing|ed)? (rule|criteria|level|setting)s?([^a-z]|$)',
        'banned (by|for|from)',
        '(message|mail|content|attachment|file|sender|ip|host)s? (is |was |are |were |has been |have been )banned',
        '(filter|filters|filtering|content|policy|acl)[- ](rejection|refusal|reject)',
        'n.?t accept (this|your|the|such|any) (message|mail|e-?mail)',
        '(stray|lone|naked) (cr|lf|newline|carriage)([^a-z]|$)',
        '(invalid|illegal|fake) ip([^a-z]|$)',
        '(^|[^a-z])ip (address )?(is |was )?(hangup|hung up)',
        '(possible|suspected|due to|because of) ([a-z]+ )?([a-z]+ )?abuse',
        '(mi:(imf|nhd|spf)|dt:sum|hl:mep)',
        'access-denied',
        'security alert',
        'unauthori[sz]ed',
        'requires (that )?(you|(the )?senders?) (to )?(verify|confirm)',
        'denied (domain|host|sender)',
        'message bounced due to',
        'rejected message',
        'account is protected by',
        'restricted sms',
        'prohibited',
        'forbidden',
        'not (be )?(allowed|permitted|authori[sz]ed|accepted|acceptable)',
        'unacceptable',
        '(not|un) ?(wanted|welcome)',
        'white-? ?list',
        'only accepts? (mail|messages|e-?mail)',
        'too many (mime|body|attach|header|link|part)',
        'access (was |is )?(denied|not|refused|disabled|restricted)',
        'administrat(ive|ively|or|ion) (prohibit|reject|deni|block|refus|lock|reason|filter)',
        '(by|from) (the |your |an? |our )?([a-z0-9]+ )?administrator',
        '(message|mail|e-?mail|transaction|content|delivery|connection|request|submission|transmission|email)( was| is| has been| have been|:| were| been)?( [^ ]+)? ?(rejected|refused|blocked|denied|declined|not accepted|discarded|disallowed|quarantined)',
        '(^|[^a-z])denied [[]',
        '(reject|rejected|refused|blocked|denied|declined)( by| for| due| because| based|$|[.,;:]| -| [(])',
        'rule ?(id|imposed|s? )',
        'service (denied|refused)',
        'cannot accept',
        'not accept',
        'for abuse',
        'security (policy|reasons|violation)',
        'mimecast',
        'barracuda',
        'proofpoint',
        'messagelabs',
        'ironport',
        'community[.]mimecast',
        'transaction failed',
        '(blocked|rejected|refused) (your|the|this) (message|mail|e-?mail)',
        'richtlinie',
      ],
      [
        '554 5.7.9 Message not accepted for policy reasons.',
        '554 5.7.7 Email policy violation detected',
        '550 Access denied...7d39d5299584f4be',
        '550 unauthorized',
        '550 olga requires that you verify who you are',
        '550 the file was banned',
        '554 acl refusal',
        "550 we won't accept your mail",
        '550 lone LF in data',
        '550 Illegal IP',
        '550 Rejected',
      ],
      [UNKNOWN, '250 accepted'],
    ],
  ]),
  ...rulesOf({ reason: 'refused', detail: 'policy', replyCodes: ['5'], where: ['reply', 'diagnostic'] }, [
    [
      'Of_the_sender',
      [
        '(^|[^a-z])(sender|helo|ehlo|client|dns|ptr|ip|your (network|server|host|domain|provider|isp|address))([^a-z]|$)',
      ],
      ['554 MX host of sender is 127.0.0.1'],
      ['550 5.1.1 account not configured', '421 mx1 closing for your server'],
    ],
  ]),
  // A list's machine may say so nowhere else.
  ...rulesOf({ reason: 'refused', detail: 'policy', where: ['subject', 'body', 'diagnostic'] }, [
    [
      'List_refuses_posting',
      ['non-?members? (submission|posting|message)', '(rejected|refused) posting'],
      ['BOUNCE birds@lists.example: Non-member submission from [Shop <news@shop.example>]'],
      [UNKNOWN, '550 posting to birds@lists.example'],
    ],
  ]),
  ...inOtherLanguages('refused'),
  ...unknownByItsWords(
    { replyCodes: ['5'] },
    { name: 'Unknown_by_its_words', example: '550 olga@example.com... account not configured on this server' },
  ),
  ...besidesItsCode({ reason: 'mailbox-full', detail: 'mailbox-full' }, [
    'Full_against_its_code',
    ['(quota|storage|disk space|overfull|overflow)'],
    ['550 5.1.1 storage trouble of olga'],
  ]),
  ...besidesItsCode({ reason: 'unreachable', detail: 'system-error' }, [
    'Trouble_against_its_code',
    [
      '(allocate|backend|busy|cluster|connect|connections?|deferred|delayed|dns|hops|load|limits?|limited|look-?up|loop|loops|looping|memory|nameserver|network|node|partition|postponed|queue|reboot|recursion|remote host|replay|retry|routing|sessions?|slow|sockets?|ssl|store|stream|tarpit|thread|throttled|tls|upgrade|worker)',
    ],
    ['550 5.1.1 the queue of mx1 stands still'],
  ]),
  ...besidesItsCode({ reason: 'refused', detail: 'policy' }, [
    'Refused_against_its_code',
    [
      '(abuse|attachments?|attack|auth|authenticat[a-z]+|authori[sz]ation|backscatter|banned|blocked|bounces|bulk|campaigns?|contents?|country|discarded|dkim|dmarc|exceeds|filter|filtered|filters|forgery|guest list|headers?|helo|hyperlinks?|marketing|members?|newsletters?|permission|permit|posts|quarantined|refused|region|relay|relayed|relaying|restrict(ed|ions?)|scam|score|sending domain|signatures?|spam|spf|subscribers?|suspicious|too (big|large|long|many)|unauthenticated|unsafe|unsigned|untrusted|vetoed)',
    ],
    ['550 5.1.1 we read no newsletters'],
  ]),
];

import type { BounceRule } from '@mxflow/domain';

import { rulesOf } from './row.ts';

const UNKNOWN = '550 5.1.1 <user@example.com>: Recipient address rejected: User unknown';

/**
 * Texts that name several things at once, and which of them is meant: they stand first, since a word of each would
 * satisfy a rule behind.
 */
export const EARLY_RULES: readonly BounceRule[] = [
  ...rulesOf({ reason: 'refused', detail: 'sender-rejected' }, [
    [
      'Google_groups',
      ['groups[.]google[.]com/support'],
      [
        'The group you tried to contact may not exist, or you may not have permission to post. https://groups.google.com/support/',
      ],
      [UNKNOWN, 'https://support.google.com/mail/?p=NoSuchUser'],
    ],
    [
      'Google_send_as',
      ['customfromdenied', 'using the .send mail as. feature'],
      [
        "You're sending this from a different address or alias using the 'Send mail as' feature. https://support.google.com/mail/?p=CustomFromDenied",
      ],
      [UNKNOWN],
    ],
  ]),
  ...rulesOf({ reason: 'refused', detail: 'reputation' }, [
    [
      'Limited_for_reputation',
      [
        '(limited|deferred|delayed|blocked|rejected|refused) (due to|because of|for) (the |your |its |very |low |poor |bad )*((sending |sender |source )?(ip|domain|sender|host)( address)?.?s? )?reputation',
        'unexpected volume or user complaints',
        'permanently deferred',
      ],
      [
        '451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.',
        '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1',
      ],
      [UNKNOWN, '421 4.16.55 [TS01] Messages from x.x.x.x temporarily deferred due to excessive user complaints'],
    ],
  ]),
  ...rulesOf({ reason: 'refused', detail: 'policy' }, [
    [
      'Refused_by_policy',
      [
        '(reject|refus|block|declin)[a-z]* (due to|because of|for|by) (local |our |the |a |an |your |security |site |server |system )*polic(y|ies) (restriction|violation|reason)',
      ],
      ['Requested action not taken: mailbox unavailable; Reject due to policy restrictions.'],
      [UNKNOWN, '550 Requested action not taken: mailbox unavailable'],
    ],
    [
      'Message_blocked_in_other_languages',
      [
        'message( adresse a [^ ]+)? a ete bloque',
        'nachricht( an [^ ]+)? wurde blockiert',
        'mensaje( a| enviado a| para)?( [^ ]+)? (ha sido|se ha|fue) bloquead',
        'mensagem( para)?( [^ ]+)? foi bloquead',
        'messaggio( a| per)?( [^ ]+)? e stato bloccat',
        'bericht( aan)?( [^ ]+)? is geblokkeerd',
      ],
      ['Votre message adressé à olga@example.org a été bloqué.', 'Ihre Nachricht an olga@example.org wurde blockiert.'],
      [UNKNOWN, '550 Benutzerkonto blockiert'],
    ],
  ]),
  // Of the command, not of who is meant by it (RFC 3463 §3.6).
  ...rulesOf({ reason: 'unreachable', detail: 'syntax', enhancedStatuses: ['5.5.1', '5.5.2', '5.5.4'] }, [
    [
      'Address_not_parsed',
      ['(invalid|bad|malformed|illegal) (e-?mail )?address', 'no valid recipients'],
      ['501 5.5.4 Invalid Address', '554 5.5.1 Error: no valid recipients'],
      [UNKNOWN, '550 5.1.3 Invalid address'],
    ],
  ]),
  ...rulesOf({ reason: 'refused', detail: 'recipient-filter' }, [
    [
      'Suppressed_by_carrier',
      ['suppression list', 'has suppressed sending to'],
      [
        'Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid address.',
      ],
      [UNKNOWN],
    ],
  ]),
  // Refusals to log us in (RFC 4954 §6): the user whom they speak of is us.
  ...rulesOf({ reason: 'refused', detail: 'security', replyCodes: ['534', '535', '538'] }, [
    [
      'Login_refused',
      ['[a-z]'],
      ['535 5.7.8 Error: authentication failed: no such user'],
      [UNKNOWN, '530 5.7.0 Must issue a STARTTLS command first'],
    ],
  ]),
  ...rulesOf({ reason: 'refused', detail: 'security' }, [
    [
      'Login_failed',
      ['authentication (has )?(failed|failure|unsuccessful)', '(^|[^a-z])auth failed'],
      ['550 authentication failed: user unknown'],
      [UNKNOWN],
    ],
  ]),
  ...rulesOf({ reason: 'refused', detail: 'sender-rejected' }, [
    [
      'Sender_called_back',
      [
        'account or domain may not exist.*sender verify fail',
        // Where a reply follows, Exim has asked the recipient's server.
        'callout verif[a-z]* (was |has |is )?(fail|error|reject|unsuccess|impossible|negative)[a-z]*([.:]?$|:? [^0-9 ])',
      ],
      ['550-The account or domain may not exist, they may be blacklisted. 550 Sender verify failed'],
      [UNKNOWN, '550-The account or domain may not exist, they may be blacklisted. 550 Invalid recipient'],
    ],
  ]),
  ...rulesOf({ reason: 'invalid-domain', detail: 'host-unknown' }, [
    [
      'Account_or_domain_missing',
      ['account or domain may not exist'],
      ['The account or domain may not exist, they may be blacklisted, or missing the proper dns entries.'],
      [UNKNOWN, '554 5.7.1 Your IP is blacklisted'],
    ],
  ]),
  ...rulesOf({ reason: 'unreachable', detail: 'network' }, [
    [
      'Loop',
      [
        '(mail|routing|forwarding|delivery|message)( is)?[ -]?loop',
        'loops? back',
        '(loop|hop|received.{0,2} header)s? counts?([^a-z]|$)',
        'duplicated message-id',
        'loop alert',
        'best-preference mx',
        'lowest[- ]numbered mx',
        'points? back to',
        'bounce between two servers',
        'loop(ing)? detected',
        'looping message',
        'excessive recursion',
        '(recursive|too many) (mail )?forward',
        'forwarded (more than|too many)',
        'control/locals',
        'hop ?count',
        'too many (hops|received)',
        'message is looping',
        'many hops',
        'routing failure',
        'boucle',
        'schleife',
      ],
      ['554 5.4.6 Too many hops 26 (25 max)', 'Maximum hop count exceeded. Message probably in a routing loop.'],
      [UNKNOWN, '421 4.4.2 timeout'],
    ],
    [
      'Name_server_trouble',
      [
        'host not found, try again',
        'map: lookup [^ ]+: deferred',
        '(malformed|unexpected|bad|invalid|no|wrong) (or [a-z]+ )?(name ?server|dns) (reply|response|answer)',
        'dns records for the destination computer could not be found',
      ],
      ['Host or domain name not found. Name service error for name=example.com type=MX: Host not found, try again'],
      ['Host or domain name not found. Name service error for name=example.com type=MX: Host not found', UNKNOWN],
    ],
  ]),
  ...rulesOf({ reason: 'mailbox-full', detail: 'mailbox-full' }, [
    [
      'Mailbox_over_its_limit',
      [
        '(mail ?box|inbox|mail ?folder) (exceeds|exceeded|has exceeded) (the |its )?(allowed |maximum |max )*(message|number of)',
        'write error[^.;]*quota',
        'posteingang des empfangers[^.:;]* voll',
        'boite de reception du destinataire[^.:;]* (pleine|saturee)',
        'bandeja de entrada del destinatario[^.:;]* llena',
        'caixa de entrada do destinatario[^.:;]* cheia',
        'posta in arrivo del destinatario[^.:;]* piena',
      ],
      ['552 Mailbox exceeds the allowed number of messages'],
      [UNKNOWN, '550 your mail server exceeds the allowed number of messages'],
    ],
  ]),
  // A directory of people, whatever it calls its server.
  ...rulesOf({ reason: 'user-unknown', detail: 'user-unknown' }, [
    [
      'Not_of_the_domain',
      [
        '(user|mail ?box|account|recipient) (is )?not (a |an )?member of (this |that |the |our )?domain',
        'n.t exists? (that|this|such) (user|recipient|mail ?box|account)',
        '(could not|couldn.t|can ?not|can.t) find an? mail ?box (by|with|of) (that|this) name',
      ],
      ['550 recipient is not a member of this domain'],
      ['550 olga@example.net is not a member of this list', '550 sender is not a member of our domain'],
    ],
    [
      'Ph_directory',
      ['no matches to name ?server query.*phquery', 'phquery.*no matches to name ?server query'],
      ['reader No matches to nameserver query --------Error Detail (phquery V4.1):'],
      ['550 5.7.1 192.0.2.1: no matches to nameserver query', '550 5.2.2 mailbox full'],
    ],
  ]),
  // What is said of the mailbox first is not about us, whoever did it.
  ...rulesOf({ reason: 'inactive-user', detail: 'suspended', replyCodes: ['5'] }, [
    [
      'Mailbox_blocked',
      [
        '^[0-9]* ?([0-9.]+ )?(the |this )?(recipient.?s? )?(mail ?box|account|user)( [^ ]+)? (is |was |has been )*(temporarily |currently )?(blocked|disabled|suspended|locked)',
      ],
      ["550 Mailbox temporarily blocked by the owner's provider"],
      [UNKNOWN, '550 Your IP is blocked'],
    ],
  ]),
  ...rulesOf({ reason: 'unreachable', detail: 'system-full', enhancedStatuses: ['4.3.', '4.4.', '5.3.'] }, [
    [
      'Server_full',
      ['insufficient|(disk|storage) (is )?full|no space|disk space'],
      ['452 4.4.5 Insufficient disk space; try again later'],
      ['452 4.2.2 Insufficient disk space', UNKNOWN],
    ],
  ]),
  ...rulesOf({ reason: 'unreachable', detail: 'system-full' }, [
    [
      'Mail_system_full',
      [
        '(mail )?system (is )?full',
        'write error',
        'error writing [a-z]+: file too large',
        '(can ?not|could not) (update|append) (the )?mail ?box',
        '(^|[^a-z])qq (write|trouble|internal|temporary|waitpid|unable)',
      ],
      ['452 4.3.1 mail system full'],
      ['552 5.2.2 mailbox full', UNKNOWN],
    ],
  ]),
  // Of a server that cannot tell, whatever code and address stand beside it.
  ...rulesOf({ reason: 'unreachable', detail: 'system-error', where: ['reply', 'diagnostic'] }, [
    [
      'Cannot_tell_now',
      [
        '(ldap|database|directory|backend|user store)( server)? (is )?(down|offline|unavailable|unreachable|not responding|timed out)',
        'temporary (failure|error|problem) (in|with|of|at|on|while|during) ',
        '(is|are) being (moved|migrated|transferred|relocated)',
        'recipient verify callout',
        'address verification in progress',
      ],
      ['550 5.1.1 temporary failure in user look-up', '550 unknown for now: this mailbox is being migrated'],
      [UNKNOWN, '550 5.1.1 user unknown, LDAP lookup failed'],
    ],
  ]),
  ...rulesOf({ reason: 'unreachable', detail: 'system-error', replyCodes: ['4'] }, [
    [
      'Lookup_trouble',
      [
        '(lookup|look-up|ldap|database|directory|backend|callout) ?(error|fail|server|service|time|problem)',
        'temporar[a-z]* (lookup |ldap |dns |local )?(failure|error|problem)',
        '(lookup|look-up) (was |is )?(deferred|delayed)',
      ],
      ['451 4.3.0 <user@example.com>: Temporary lookup failure', '451 Unknown user lookup error: LDAP server down'],
      ['550 5.1.1 user unknown, LDAP lookup failed', UNKNOWN],
    ],
    [
      'Mailbox_busy',
      [
        '(mail ?box|recipient|user|account)( [^ ]+)? (is |was )?(temporarily |currently |momentarily )?(unavailable|not available|busy|locked|in use|offline)',
      ],
      ['450 4.2.0 Requested mail action not taken: mailbox unavailable', '450 4.2.1 mailbox temporarily unavailable'],
      ['550 5.5.0 Requested action not taken: mailbox unavailable', UNKNOWN],
    ],
  ]),
];

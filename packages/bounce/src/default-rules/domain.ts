import type { BounceRule } from '@mxflow/domain';

import { inOtherLanguages } from './languages.ts';
import { rulesOf } from './row.ts';

const BLOCKED = '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example.org';

/** Domains that are none, or that take no mail. */
export const DOMAIN_RULES: readonly BounceRule[] = [
  ...rulesOf({ reason: 'invalid-domain', detail: 'domain-accepts-no-mail' }, [
    [
      'Domain_accepts_no_mail',
      [
        'null ?mx',
        'no data record of requested type',
        '(^|[^a-z])no (valid )?mx([^a-z]|$)',
        '(domain|host)[^.:;]* (parked|(takes|accepts|receives|handles) no (e-?)?mail)',
        '(domain|host)( [^ ]+)? (does ?n.?t|does not|doesn.?t|will not) (accept|receive|handle) (any )?(e-?)?mail([^a-z ]|$| [(])',
        'domain [^ ]+ (doesn.t|does not) receive',
        'no (valid )?(mx|mail ?exchanger?)( (or|and|nor) (a|aaaa))?( records?| hosts?| servers?)?( found| exists?| for| available|$)',
        'no mail ?(servers?|hosts?|exchangers?) (found )?for',
        'no mx found',
        'mx records? (point|lists|is|are|resolves?|does)',
        'all relevant mx',
        'no route to (host|domain) for mail',
        'does not accept mail([^a-z ]|$| [(])',
        'no relevant answers',
        'indicated no smtp service',
      ],
      [
        "The domain example.org doesn't receive email according to the administrator: returned Null MX",
        'all relevant MX records point to non-existent hosts',
        'user@example.jp: No MX found for domain',
        "domain rule 'voila-fr': the domain 'voila.fr' does not accept mail",
      ],
      ['550 5.1.1 User unknown', BLOCKED],
    ],
  ]),
  ...rulesOf({ reason: 'invalid-domain', detail: 'host-unknown' }, [
    [
      'Host_unknown',
      [
        'dns query failed for',
        '(domain|host|server)( name)?( [^ ]+)?( (was|is|could|can|does|do|has))* ?(not|n.?t|never|unable to be) ?(be )?(found|exist|resolv|known|valid|registered|locate)',
        'domain( name)?( [^ ]+)? is (not reachable|unreachable)',
        '(host|domain)( name)? or (host|domain)( name)? not found',
        'host or domain name not found',
        '(unknown|unrouteable|unroutable|invalid|non-?existent|illegal|bad|unresolvable|no such|unregistered) (mail |recipient |destination )?(domain|host|destination host|mail server)',
        'illegal host/domain',
        'no such (host|domain)',
        'host address lookups failed permanently',
        '(recipient )?domain must exist',
        'domain mentioned in',
        'no host found',
        '(host|domain)( name)? (is )?(unknown|unresolvable|invalid)',
        '(host|domain)( name)? [^ ]+ (is|was) (unknown|unresolvable|invalid|non-?existent)',
        'domain( [^ ]+)? (has been|was|is) (deleted|removed|retired)',
        'unresolvable destination',
        'bad destination (system|host|domain)',
        '(n.t|not) able to (find|resolve|locate) (the )?(recipient |destination )?(domain|host)',
        'nxdomain',
        'host [a-z0-9-]+[.][a-z0-9.-]+ (is )?unknown',
        'could not resolve',
        'invalid recipient domain',
        'domain has no (valid )?mx',
        'domain of recipient address [^ ]+ does not exist',
        '(^[0-9 .]*|[:;.] )(the |this |that |recipient |destination |mail |e-?mail )*(host|domain)( name)?( <?[^ ]+[.][^ ]+)?( is| was| has| does| did| been)* ?(no longer (exist|in use|registered)|never exist|not exist|n.t exist|(not|n.t) (registered|recogni|listed|known|present)|deleted|removed|expired)',
        'name or service not known',
        'host name lookup fail',
        'name service error',
        'name server: .*(host|not found)',
        '(^|[^@a-z0-9.-])([a-z0-9-]+[.])+[a-z]{2,10} does not exist',
        'recipient.?s domain.*(invalid|not)',
        'unable to (resolve|look ?up|find) (the )?(domain|host|mx|destination|server|recipient.?s)',
        'couldn.t find any host',
        'couldn.t find a mail exchanger',
        'no route found to domain',
        'cannot find (any )?(host|domain|server|mx)',
        'no dns (records?|entry) for',
        'dns (error|failure|lookup).*(no such|nxdomain|name not found|does not exist)',
      ],
      [
        "DNS query failed for 'ourdan.com'",
        '550 5.1.2 <user@example.invalid>... Host unknown (Name server: example.invalid: host not found)',
        'user@example.jp: Domain does not exist',
        'Host or domain name not found. Name service error for name=example.invalid type=A',
        '554 The mail could not be delivered to the recipient because the domain is not reachable.',
      ],
      ['550 5.1.1 User unknown', '550 5.4.312 Message expired, DNS query failed', BLOCKED],
    ],
  ]),
  ...inOtherLanguages('domain'),
];

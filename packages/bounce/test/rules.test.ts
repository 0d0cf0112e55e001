import { describe, expect, test } from 'vitest';

import type { BounceRule } from '@mxflow/domain';

import { classifyReply, compileRules, DEFAULT_RULES, faultsOf } from '../src/index.ts';

const rules = compileRules(DEFAULT_RULES);

describe('the default rules', () => {
  test('have no fault: each takes its examples and leaves the others', () => {
    expect(faultsOf(DEFAULT_RULES)).toEqual([]);
    for (const { id, matches, leaves } of DEFAULT_RULES) {
      expect(matches.length, id).toBeGreaterThan(0);
      expect(leaves.length, id).toBeGreaterThan(0);
    }
  });

  test.each([
    ['550 5.1.1 ... User is unknown {mx003}', 'user-unknown', 'hard'],
    ['550 5.2.2 User quota exceeded', 'mailbox-full', 'soft'],
    ['550 5.2.2 <reader@far.example> over quota', 'mailbox-full', 'soft'],
    [
      '550 5.7.1 : Recipient address rejected: Inactive MailBox, not poped for more than 6 months',
      'inactive-user',
      'soft',
    ],
    [
      '550 5.7.1 <a@b.example>: Recipient address rejected: Inactive mailbox, not popped for more than 6 months',
      'inactive-user',
      'soft',
    ],
    ["DNS query failed for 'ourdan.com'", 'invalid-domain', 'soft'],
    ["Inbound email bounce (rule 'Feedback_loop_Hotmail' has matched this bounce)", 'refused', 'soft'],
    [
      '421 4.16.55 [TS01] Messages from x.x.x.x temporarily deferred due to excessive user complaints',
      'unreachable',
      'soft',
    ],
    ['550 User Unknown', 'user-unknown', 'hard'],
  ])('read %s', (reply, reason, type) => {
    expect(classifyReply(reply, {}, rules)).toMatchObject({ reason, type });
  });

  test.each([
    '550 5.1.1 <reader@far.example> this message was sent to too many recipients this hour',
    '550-5.7.1 [192.0.2.1 1] Our system has detected that this message is likely unsolicited mail',
    '550 5.1.1 Message rejected: your IP 192.0.2.1 is on a block list',
    '550 5.1.1 rejected as spam',
    '550 5.1.1 Service unavailable, please try again later',
    '550 5.1.1 relaying denied',
    '500 5.5.1 Command is not recognized',
    '535 5.7.8 invalid login',
    '535 no such user: authentication failed',
    '550 mail from unknown user denied',
    '554 invalid address in From header',
    '550 your account does not exist on this relay; authentication required',
    '550 Your host name does not exist in DNS',
    '451 user database not available',
    '550 reverse lookup: name not found',
    '550 5.7.1 the address you are sending from is not valid',
    '550 5.1.1 Sender address rejected: User unknown in local recipient table',
    '550 the e-mail was removed since it held a virus',
    '550 5.7.1 Votre IP ne figure pas dans la liste',
    "550 L'expéditeur ne figure pas dans la liste autorisée",
    "550 Votre domaine ne figure pas dans l'annuaire",
    '550 Message non remis. dns.example est introuvable',
    '550 IP nicht im Adressbereich',
    '550 Der Server ist nicht im Adressbuch',
    '550 Ihre Adresse ist nicht in der Liste der erlaubten Absender',
    '550 Die IP-Adresse ist nicht in der Positivliste',
    '550 host mail.shop.example wurde unter dns.example nicht gefunden',
    '550 ホスト名が example.com で見つかりません',
    '550 レコードが dns.example で見つかりません',
    '550 enviado por news@shop.example. No se encontró MX en shop.example',
    '550 da news@shop.example. Chiave non è stato trovato in dns.shop.example',
    '550 5.6.0 attachment name ambiguous',
    '550 Header field name ambiguous',
    '550 HELO name mail.shop.example is ambiguous',
    '550 From address is ambiguous',
    '554 no forwarding address for 192.0.2.1 in DNS',
    '550 No forward address mapping for 192.0.2.1',
    '550 User has no mail permissions',
    '550 account has no e-mail encryption key',
    '550 user has no mail filter',
    '550 attachment for user removed by antivirus',
    '550 message for recipient deleted by policy',
    '550 Sending rights of user removed by admin',
    '550 Address 192.0.2.1 is not on our list',
    '550 address 192.0.2.1 not in my map',
    "550 recipient not on this sender's list",
    '550 mail user: address of client marked unknown',
    "550 the email address is incorrect, sender's",
    '550 the reciepients not found in Received header',
    '550 could not find a user by that name to authenticate',
    '550 Callout verification failed: <news@shop.example>: mailbox does not exist',
    '550 5.7.1 Callout verification failed: sender news@shop.example: no such user',
    '550 callout verification error: user unknown',
  ])('never call an address unknown for %s', (reply) => {
    expect(classifyReply(reply, {}, rules).reason).not.toBe('user-unknown');
  });

  test('a transient reply is never hard, whatever it says', () => {
    expect(classifyReply('450 4.1.1 <a@b.example>: Recipient address rejected: User unknown', {}, rules).type).toBe(
      'soft',
    );
  });

  test('what was refused before RCPT is not about the recipient', () => {
    const decision = classifyReply('550 5.1.1 User unknown', { command: 'mail' }, rules);
    expect(decision).toMatchObject({ reason: 'refused', detail: 'sender-rejected' });
  });

  test("a log's line names the command behind the reply, whatever other commands it mentions", () => {
    const said = (reply: string, command: string) =>
      `host mx.example.org said: 550 ${reply} (in reply to ${command} command)`;
    expect(classifyReply(said('user unknown; after connect from mx', 'RCPT TO'), {}, rules).reason).toBe(
      'user-unknown',
    );
    expect(classifyReply(said('user unknown', 'MAIL FROM'), {}, rules).reason).toBe('refused');
  });

  test('a text that no rule knows is read by its codes, or left open', () => {
    expect(classifyReply('550 5.1.1 zzz', {}, rules)).toMatchObject({
      reason: 'user-unknown',
      because: { kind: 'enhanced-status', status: '5.1.1' },
    });
    expect(classifyReply('550 zzz', {}, rules)).toMatchObject({ reason: 'not-defined', type: 'soft' });
  });

  test('a reply of several lines reads like one', () => {
    const lines = '550-5.1.1 The email account that you tried to\n550 5.1.1 reach does not exist.';
    expect(classifyReply(lines, {}, rules)).toMatchObject({
      reason: 'user-unknown',
      replyCode: 550,
      enhancedStatus: '5.1.1',
    });
  });
});

const RULE: BounceRule = {
  id: 'Test',
  pattern: 'no cats',
  where: ['reply'],
  reason: 'refused',
  type: 'soft',
  detail: 'policy',
  matches: ['550 no cats here'],
  leaves: ['550 no dogs here'],
};

describe('a set of rules', () => {
  test('is decided by the first that matches, within its conditions', () => {
    const set = compileRules([
      { ...RULE, id: 'at one host', conditions: { mxMasks: ['*.far.example'] }, reason: 'inactive-user' },
      { ...RULE, id: 'with one code', conditions: { replyCodes: ['55'] }, reason: 'mailbox-full' },
      RULE,
    ]);
    const ruleOf = (reply: string, mxHost?: string) => {
      const { because } = classifyReply(reply, { mxHost }, set);
      return because.kind === 'rule' ? because.rule : undefined;
    };
    expect(ruleOf('550 no cats', 'mx1.far.example')).toBe('at one host');
    expect(ruleOf('550 no cats', 'mx1.near.example')).toBe('with one code');
    expect(ruleOf('421 NO CATS')).toBe('Test');
    expect(ruleOf('421 no dogs')).toBeUndefined();
  });

  test.each([
    ['', 'empty'],
    ['(', 'not one of RE2'],
    ['(a)\\1', 'not one of RE2'],
    ['(?<!a)b', 'not one of RE2'],
    ['a*', 'matches the empty text'],
    ['a{1001}', 'too large'],
    ['a{0,40}b', 'too large'],
    ['(a{1,12}){12}(b{1,12}){12}(c{1,12}){12}d', 'add up'],
    ['((([a-z]{9} ){9}x){9}y){2}', 'not one of RE2'],
    ['x'.repeat(4001), 'at most'],
    ['((abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz){12}){2}', 'an alternative compiles'],
  ])('is refused for the pattern %s', (pattern, fault) => {
    expect(faultsOf([{ ...RULE, pattern }])).toMatchObject([{ id: 'Test', fault: expect.stringContaining(fault) }]);
  });

  test.each(['(a+)+$', '(a|aa)+$', '(.*a){12}b', '.*.*.*.*.*.*.*.*=', '(x+x+)+y', '([a-z]+)*[0-9]'])(
    'runs %s in linear time on texts made to hurt it',
    (pattern) => {
      const compiled = compileRules([{ ...RULE, pattern: `${pattern}|no cats` }]);
      for (const unit of ['a', 'x', 'ab', 'a ', '=a']) {
        const before = process.threadCpuUsage();
        classifyReply(unit.repeat(100_000), {}, compiled);
        expect(process.threadCpuUsage(before).user).toBeLessThan(500_000);
      }
    },
  );

  test('names the rules that its examples contradict, and those that share a name', () => {
    expect(faultsOf([RULE, { ...RULE, leaves: ['no cats'] }])).toMatchObject([
      { id: 'Test', fault: 'another rule has the same name' },
    ]);
    expect(faultsOf([{ ...RULE, matches: ['dogs'] }])).toHaveLength(1);
    expect(faultsOf([{ ...RULE, leaves: [] }])).toHaveLength(1);
  });
});

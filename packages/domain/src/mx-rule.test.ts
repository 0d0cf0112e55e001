import fc from 'fast-check';
import { expect, test } from 'vitest';

import { DEFAULT_MX_RULES } from './default-rules/index.ts';
import { PRESETS } from './level.ts';
import { lintRules } from './lint-rules.ts';
import { maskCovers, maskFault, matchesMask } from './mask.ts';
import { firstMatch, LIMIT_FIELDS, limitsAt, type MxRule, firstMatchAnySource } from './mx-rule.ts';
import { readMxRule } from './read-mx-rule.ts';

const anyName = fc.string({ unit: fc.constantFrom('a', 'b', '.', 'C'), maxLength: 12 });
const anyMask = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?', 'A'), maxLength: 8 });

/** The definition, read off: no thought for time. */
function naive(mask: string, name: string): boolean {
  if (mask === '') return name === '';
  if (mask.startsWith('*')) return naive(mask.slice(1), name) || (name !== '' && naive(mask, name.slice(1)));
  return (
    name !== '' &&
    (mask[0] === '?' || mask[0]?.toLowerCase() === name[0]?.toLowerCase()) &&
    naive(mask.slice(1), name.slice(1))
  );
}

test('masks match what their definition says', () => {
  fc.assert(
    fc.property(anyMask, anyName, (mask, name) => {
      expect(matchesMask(mask, name)).toBe(naive(mask, name));
    }),
    { numRuns: 3000 },
  );
});

test('a mask that covers another matches whatever that matches', () => {
  fc.assert(
    fc.property(anyMask, anyMask, anyName, (wide, narrow, name) => {
      if (maskCovers(wide, narrow) && naive(narrow, name)) expect(matchesMask(wide, name)).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test.for([
  ['*.google.com.', 'final dot'],
  ['*. google.com', 'spaces'],
  [String.raw`.*\\.google\\.com`, 'escaped'],
  ['', 'empty'],
  ['(a|b).com', 'regular'],
  ['a..b', 'empty label'],
])('the mask %s is refused: %s', ([mask, why]) => expect(maskFault(mask ?? '')).toContain(why));

const any = DEFAULT_MX_RULES.at(-1) as MxRule;

test('the first match is total and deterministic: no earlier rule holds, the one found does', () => {
  const anyRule = fc.record({ mask: anyMask, publicIds: fc.constantFrom('', '1', '2-5', '1,4') });
  fc.assert(
    fc.property(
      fc.array(anyRule, { maxLength: 8 }),
      anyName,
      fc.integer({ min: 1, max: 7 }),
      (list, host, publicId) => {
        const rules = [...list.map((rule, index) => ({ ...any, ...rule, id: `r${index}` })), any];
        const holds = ({ mask, publicIds }: MxRule): boolean =>
          naive(mask, host) &&
          {
            '': true,
            '1': publicId === 1,
            '2-5': publicId >= 2 && publicId <= 5,
            '1,4': publicId === 1 || publicId === 4,
          }[publicIds] === true;
        const found = firstMatch(rules, host, publicId);
        expect(found).toBe(rules.find(holds));
        expect(firstMatch(rules, host, publicId)).toBe(found);
      },
    ),
  );
});

test('the bundled rules have nothing to lint, say why, and grow from level to level', () => {
  expect(lintRules(DEFAULT_MX_RULES, [])).toEqual([]);
  expect(DEFAULT_MX_RULES.length).toBeGreaterThan(40);
  for (const rule of DEFAULT_MX_RULES) {
    expect(rule.note).toMatch(/\w/);
    expect(rule.shared).toBe(rule.id !== 'any');
    for (const field of LIMIT_FIELDS) {
      const figures = PRESETS.map((level) => limitsAt(rule, level)[field]);
      expect(figures).toEqual(figures.toSorted((one, other) => one - other));
    }
    expect(readMxRule(rule, { id: rule.id, isCustom: false })).toEqual({
      kind: 'rule',
      rule: { ...rule, origin: 'local' },
    });
  }
  expect(any.limits.boost).toEqual({ maxConnections: 10, maxMessagesPerConnection: 100, messagesPerHour: 100_000 });
});

const gmail = DEFAULT_MX_RULES[0] as MxRule;
test.for<readonly [string, unknown, string]>([
  ['missing', undefined, 'nothing'],
  ['null', null, 'null'],
  ['0', 0, '0'],
])('a limit that is %s is refused by rule, level and field', ([, figure, found]) => {
  const input = { ...gmail, limits: { ...gmail.limits, fast: { ...gmail.limits.fast, messagesPerHour: figure } } };
  expect(readMxRule(input, { id: 'gmail', isCustom: false })).toEqual({
    kind: 'faults',
    faults: [
      {
        pointer: '/limits/fast/messagesPerHour',
        expected: 'messagesPerHour of rule gmail at level fast: a whole number from 1 to 100000000',
        found,
      },
    ],
  });
});

test.for<readonly [string, readonly MxRule[], readonly { publicId: number; publicIp: string }[], string]>([
  ['a rule behind a wider one', [{ ...gmail, id: 'wide', mask: '*.com' }, gmail, any], [], 'shadowed'],
  ['two rules that disagree', [gmail, { ...gmail, id: 'other', tls: 'disabled' }, any], [], 'contradictory'],
  [
    'a rule for a source that is not there',
    [{ ...gmail, publicIds: '7' }, any],
    [{ publicId: 1, publicIp: '192.0.2.1' }],
    'unreachable',
  ],
  [
    'a level that falls',
    [{ ...gmail, limits: { ...gmail.limits, boost: gmail.limits.slow } } as MxRule, any],
    [],
    'not-monotone',
  ],
  ['no last rule', [gmail], [], 'no-last-rule'],
  [
    'one IP, two sources',
    [any],
    [
      { publicId: 1, publicIp: '192.0.2.1' },
      { publicId: 2, publicIp: '192.0.2.1' },
    ],
    'one-public-ip',
  ],
])('lint finds %s', ([, rules, sources, kind]) => {
  expect(lintRules(rules, sources).map((finding) => finding.kind)).toContain(kind);
});

/** MX hosts as DNS names them, and the rule that each is to get. */
test.for<[host: string, rule: string]>([
  ['gmail-smtp-in.l.google.com', 'gmail'],
  ['aspmx2.googlemail.com', 'gmail-googlemail'],
  ['mx-eu.mail.am0.yahoodns.net', 'yahoo'],
  ['hotmail-com.olc.protection.outlook.com', 'outlook-com'],
  ['example-com.mail.protection.outlook.com', 'microsoft-365'],
  ['example-com.b-v1.mx.microsoft', 'microsoft-365-dane'],
  ['mx01.mail.icloud.com', 'icloud'],
  ['mx1.comcast.net', 'comcast'],
  ['smtp-in.orange.fr', 'orange-fr'],
  ['smtpz4.laposte.net', 'laposte'],
  ['mx00.emig.gmx.net', 'gmx'],
  ['mx-ha02.web.de', 'web-de'],
  ['mx00.t-online.de', 't-online'],
  ['mx00.ionos.com', 'ionos-com'],
  ['smtpin.rzone.de', 'strato'],
  ['smtp-in.libero.it', 'libero'],
  ['tb.mail.iss.as9143.net', 'liberty-global'],
  ['mx.bt.lon5.cpcloud.co.uk', 'bt-cloud'],
  ['mxs.mail.ru', 'mail-ru'],
  ['mx.yandex.ru', 'yandex-ru'],
  ['mx1.mail.yahoo.co.jp', 'yahoo-japan'],
  ['mfsmax.docomo.ne.jp', 'docomo'],
  ['lsean.ezweb.ne.jp', 'ezweb'],
  ['mx3.qq.com', 'qq'],
  ['163mx01.mxmail.netease.com', 'netease'],
  ['mxn.mxhichina.com', 'aliyun-hosted'],
  ['mx1.hanmail.net', 'hanmail'],
  ['mx1.naver.com', 'naver'],
  ['eu-smtp-inbound-1.mimecast.com', 'mimecast'],
  ['d12345a.ess.barracudanetworks.com', 'barracuda'],
  ['mxa-00123abc.gslb.pphosted.com', 'proofpoint'],
  ['mx.uol.com.br', 'uol'],
  ['al-ip4-mx-vip1.prodigy.net', 'att'],
  ['mx.example.net', 'any'],
])('%s gets the rule %s', ([host, rule]) => {
  expect(firstMatchAnySource(DEFAULT_MX_RULES, host).id).toBe(rule);
});

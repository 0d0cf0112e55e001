import { generateKeyPairSync } from 'node:crypto';

import type { RuleSetContent, RuleSetDocument } from '@mxflow/contracts';
import { expect, test } from 'vitest';

import { bundledRuleSet } from './bundled-rule-set.ts';
import { compareRuleSets } from './compare-rule-sets.ts';
import { faultsOfContent, faultsOfRuleSet } from './faults-of-rule-set.ts';
import { readSigningKey, readTrustedKey, type SigningKey, type TrustedKey } from './keys.ts';
import { openRuleSet } from './open-rule-set.ts';
import { rulesOf } from './rules-of.ts';
import { signRuleSet } from './sign-rule-set.ts';

const bundled = bundledRuleSet();
const small: RuleSetContent = {
  mxRules: bundled.mxRules.slice(-3),
  bounceRules: bundled.bounceRules.slice(0, 2),
  feedbackRules: bundled.feedbackRules.slice(0, 2),
  domainRules: bundled.domainRules.slice(0, 1),
  policies: bundled.policies,
};
const document: RuleSetDocument = {
  format: 1,
  version: 7,
  publishedAt: '2026-03-29T01:00:00.000Z',
  note: 'spring',
  ...small,
};
const octetsOf = (text: string): Uint8Array => new TextEncoder().encode(text);

async function makeKey(): Promise<{ readonly signing: SigningKey; readonly trusted: TrustedKey }> {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
  const signing = await readSigningKey(String(pem));
  const trusted = signing && (await readTrustedKey(signing.publicKey));
  if (signing === undefined || trusted === undefined) throw new Error('expected a key, found none');
  return { signing, trusted };
}

test('the bundled rules are a rule set without faults', () => {
  expect(faultsOfContent(bundled)).toEqual([]);
  expect(faultsOfRuleSet({ format: 1, version: 1, publishedAt: '2026-01-01T00:00:00Z', note: '', ...bundled })).toEqual(
    [],
  );
  const rules = rulesOf(bundled);
  expect(rules.mxRules.at(-1)).toMatchObject({ id: 'any', origin: 'pulled' });
  expect(rules.bounceRules).toHaveLength(bundled.bounceRules.length);
});

type Row = readonly [name: string, change: (content: RuleSetContent) => unknown, fault: object];
const [anyRule] = small.mxRules.slice(-1);
const firstOf = <Item>(items: readonly Item[]): Item => {
  const [first] = items;
  if (first === undefined) throw new Error('expected an item, found none');
  return first;
};
const bounceRule = firstOf(small.bounceRules);
const feedbackRule = firstOf(small.feedbackRules);
const mxRule = firstOf(small.mxRules);

test.for<Row>([
  [
    'a limit that is missing is named by rule and field',
    ({ mxRules: [first, ...others], ...rest }) => {
      const { messagesPerHour: _left, ...fast } = firstOf([first?.limits.fast ?? mxRule.limits.fast]);
      return { ...rest, mxRules: [{ ...first, limits: { ...first?.limits, fast } }, ...others] };
    },
    { pointer: '/mxRules/0/limits/fast/messagesPerHour', id: mxRule.id, expected: 'a value', found: 'nothing' },
  ],
  [
    'a preset above the next one',
    (content) => ({
      ...content,
      mxRules: [
        { ...mxRule, limits: { ...mxRule.limits, slow: { ...mxRule.limits.boost, maxConnections: 99_999 } } },
        ...content.mxRules.slice(1),
      ],
    }),
    { pointer: '/mxRules/0', id: mxRule.id, found: expect.stringContaining('not-monotone') },
  ],
  [
    'a rule that never holds',
    (content) => ({ ...content, mxRules: [mxRule, { ...mxRule, id: 'second' }, ...content.mxRules.slice(1)] }),
    { pointer: '/mxRules/1', id: 'second', found: expect.stringContaining('shadowed') },
  ],
  [
    'no last rule',
    (content) => ({ ...content, mxRules: content.mxRules.filter((rule) => rule !== anyRule) }),
    { pointer: '/mxRules', found: expect.stringContaining('no-last-rule') },
  ],
  [
    'a pattern that does not compile',
    (content) => ({ ...content, bounceRules: [{ ...bounceRule, pattern: '(broken' }] }),
    { pointer: '/bounceRules/0/pattern', id: bounceRule.id },
  ],
  [
    'an example that fails',
    (content) => ({ ...content, bounceRules: [{ ...bounceRule, matches: ['250 fine'] }] }),
    { pointer: '/bounceRules/0/matches/0', id: bounceRule.id, found: expect.stringContaining('250 fine') },
  ],
  [
    'a feedback rule whose example fails',
    (content) => ({
      ...content,
      feedbackRules: [feedbackRule, { ...feedbackRule, id: 'x', passes: feedbackRule.matches }],
    }),
    { pointer: '/feedbackRules/1/passes/0', id: 'x' },
  ],
  [
    'a name twice',
    (content) => ({ ...content, bounceRules: [bounceRule, bounceRule] }),
    { pointer: '/bounceRules/1', id: bounceRule.id, expected: 'each name once' },
  ],
  [
    'a field that nobody knows',
    (content) => ({ ...content, extra: 1 }),
    { pointer: '/extra', expected: 'no field of this name', found: '1' },
  ],
  [
    'a hard failure that may pass',
    (content) => ({ ...content, bounceRules: [{ ...bounceRule, reason: 'mailbox-full', type: 'hard' }] }),
    { pointer: '/bounceRules/0/type', id: bounceRule.id },
  ],
  [
    'sixty patterns that each must be tried on every text',
    (content) => ({
      ...content,
      bounceRules: Array.from({ length: 60 }, (_none, number) => ({
        ...bounceRule,
        id: `any-${number}`,
        pattern: `[a-z].${'[0-9]'.repeat((number % 12) + 1)}`,
        matches: ['a 123456789012'],
        leaves: ['nothing'],
      })),
    }),
    { pointer: '/bounceRules/0/pattern', id: 'any-0', found: 'more; this one is run most often' },
  ],
])('refused: %s', ([, change, fault]) => {
  expect(faultsOfContent(small)).toEqual([]);
  expect(faultsOfContent(change(small))).toContainEqual(expect.objectContaining(fault));
});

test('what is signed comes out again, by any of the keys that signed it', async () => {
  const [old, next] = [await makeKey(), await makeKey()];
  const octets = octetsOf(await signRuleSet(document, [old.signing, next.signing]));
  for (const trusted of [[old.trusted], [next.trusted], [old.trusted, next.trusted]]) {
    expect(await openRuleSet(octets, trusted)).toEqual({ kind: 'opened', document });
  }
});

test('refused before anything of it is looked at: another key, a changed text, a cut-off end, too much', async () => {
  const [own, other] = [await makeKey(), await makeKey()];
  const text = await signRuleSet(document, [own.signing]);
  const forged = JSON.parse(text) as { payload: string };
  forged.payload = Buffer.from(JSON.stringify({ ...document, version: 8 })).toString('base64url');
  const because = async (octets: Uint8Array, trusted: readonly TrustedKey[]) => {
    const opened = await openRuleSet(octets, trusted);
    return opened.kind === 'refused' ? opened.because : 'opened';
  };
  expect(await because(octetsOf(text), [other.trusted])).toBe('unknown-key');
  expect(await because(octetsOf(text), [])).toBe('unknown-key');
  expect(await because(octetsOf(text), [{ ...other.trusted, kid: own.trusted.kid }])).toBe('wrong-signature');
  expect(await because(octetsOf(JSON.stringify(forged)), [own.trusted])).toBe('wrong-signature');
  expect(await because(octetsOf(text.slice(0, -10)), [own.trusted])).toBe('malformed');
  expect(await because(octetsOf('[]'), [own.trusted])).toBe('malformed');
  expect(await because(new Uint8Array(20_000_001), [own.trusted])).toBe('too-large');
});

test('refused though signed: a form of the future, and a rule that does not hold', async () => {
  const { signing, trusted } = await makeKey();
  const open = async (changed: object) =>
    await openRuleSet(octetsOf(await signRuleSet({ ...document, ...changed }, [signing])), [trusted]);
  expect(await open({ format: 2 })).toMatchObject({ because: 'future-format' });
  expect(await open({ version: 0 })).toMatchObject({ because: 'invalid', faults: [{ pointer: '/version' }] });
  expect(await open({ bounceRules: [{ ...bounceRule, pattern: '(' }] })).toMatchObject({
    because: 'invalid',
    detail: expect.stringContaining(bounceRule.id),
  });
});

test('a diff names what was added, removed, changed and moved', () => {
  const [one, two, last] = small.mxRules;
  if (one === undefined || two === undefined || last === undefined) throw new Error('expected three rules');
  const lowered = { ...one, limits: { ...one.limits, boost: { ...one.limits.boost, maxConnections: 1 } } };
  const policies = small.policies.map((policy) => ({
    ...policy,
    releaseDays: policy.reason === 'mailbox-full' ? 10 : policy.releaseDays,
  }));
  const diff = compareRuleSets(small, { ...small, mxRules: [two, lowered, last], bounceRules: [bounceRule], policies });
  expect(diff.mxRules).toEqual({
    added: [],
    removed: [],
    reordered: true,
    changed: [
      {
        id: one.id,
        fields: [{ pointer: '/limits/boost/maxConnections', before: one.limits.boost.maxConnections, after: 1 }],
      },
    ],
  });
  expect(diff.bounceRules).toMatchObject({ removed: [small.bounceRules[1]?.id], added: [], changed: [] });
  expect(diff.policies.changed).toEqual([
    { id: 'mailbox-full', fields: [{ pointer: '/releaseDays', before: 30, after: 10 }] },
  ]);
});

import { expect, test } from 'vitest';

import { normaliseText, suggestPattern, withoutRecipient } from './unmatched-text.ts';

test.each([
  ['550 5.7.1 <a.b+c@far.example> refused by mx1.far.example [192.0.2.77]', '550 5.7.1 <ADDRESS> refused by HOST [IP]'],
  ['421 try again in 300 seconds (queue id 4F3A2B19C)', '421 try again in N seconds (queue id ID)'],
  ['550 blocked on 2026-03-03T10:00:05Z, see https://far.example/x?id=1', '550 blocked on DATE, see URL'],
  ['550 blocked since Tue, 3 Mar 2026 10:00:05 +0000', '550 blocked since DATE TIME'],
  ['550 client 2001:db8::25 is blocked', '550 client IP is blocked'],
  ['  550   two\r\n lines ', '550 two lines'],
])('%s is kept as %s', (text, kept) => {
  expect(normaliseText(text)).toBe(kept);
  expect(normaliseText(kept)).toBe(kept);
});

test.each([
  ['550 no cats for john.doe', 'john.doe@a.example', '550 no cats for ADDRESS'],
  ['550 John Doe <JOHN.DOE@b.example> has no cats', 'john.doe@a.example', '550 ADDRESS <ADDRESS> has no cats'],
  ['550 /home/johndoe/cats', 'john_doe@a.example', '550 /home/ADDRESS/cats'],
  ['550 catsuit', 'cats@a.example', '550 catsuit'],
  ['550 a+(b has none', 'a+(b@a.example', '550 ADDRESS has none'],
  ['550 no cats', 'no@a.example', '550 no cats'],
  ['550 no cats', '550@a.example', '550 no cats'],
  ['550 no cats', undefined, '550 no cats'],
])('of %s to %s the name is blanked', (text, recipient, kept) => {
  expect(normaliseText(withoutRecipient(text, recipient))).toBe(kept);
});

test('two replies of a kind are one text', () => {
  const one = '550 5.0.0 no cats for x1@a.example, ticket 12345-a (mx3.a.example)';
  const other = '550 5.0.0 no cats for yy@b.example, ticket 99-zz7 (in.b.example)';
  expect(normaliseText(one)).toBe(normaliseText(other));
});

test.each([
  ['550 5.7.1 <a@far.example> cats are not welcome (today) at mx1.far.example', 'cats are not welcome \\(today\\) at'],
  ['550 収容できない猫です', '収容できない猫です'],
  ['550 5.0.0', ''],
  ['550 no', ''],
])('for %s the pattern %s is suggested', (text, pattern) => {
  expect(suggestPattern(text)).toBe(pattern);
});

import { expect, test } from 'vitest';

import { fillReply, PROVIDER_REPLIES, REFUSAL_REASONS, repliesFor, type ReplyFamily } from './provider-replies.ts';

const families = Object.keys(PROVIDER_REPLIES) as ReplyFamily[];
const slots = { address: 'anna@sim.test', source: '192.0.2.1', host: 'mx1.sim.test', id: 'abc' };

test('every text is a refusal whose slots can all be filled, and whose line fits a reply', () => {
  for (const family of families) {
    for (const reason of REFUSAL_REASONS) {
      for (const text of repliesFor(family, reason)) {
        const { code, lines } = fillReply(text, slots);
        expect(code, `${family} ${reason}`).toBeGreaterThanOrEqual(400);
        for (const line of lines) {
          expect(line, `${family} ${reason}`).not.toMatch(/[\r\n]|\{(address|local|domain|source|host|id)\}/);
          expect(line.length).toBeLessThan(506);
        }
      }
    }
  }
});

test('an enhanced status says the same class as its code', () => {
  for (const family of families) {
    for (const reason of REFUSAL_REASONS) {
      for (const { code, lines } of repliesFor(family, reason)) {
        const status = /^([245])\.\d{1,3}\.\d{1,3} /.exec(lines[0]);
        if (status !== null) expect(status[1], `${family} ${reason}`).toBe(String(code)[0]);
      }
    }
  }
});

test('braces that are no slots stay', () => {
  expect(fillReply({ code: 550, lines: ['User is unknown {{host}} {else}'] }, slots).lines).toEqual([
    'User is unknown {mx1.sim.test} {else}',
  ]);
});

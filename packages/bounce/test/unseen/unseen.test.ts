import { readdirSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { classifyMail, classifyReply, compileRules, DEFAULT_RULES } from '../../src/index.ts';
import { readMails } from './said-mails.ts';
import { readReplies } from './said-replies.ts';

/**
 * Replies and mails as servers word them, each file written before the rules were held against it: what came out wrong
 * then has taught the rules, and comes out right now.
 */
const files = readdirSync(new URL('.', import.meta.url)).toSorted();
const rules = compileRules(DEFAULT_RULES);

const replies = files.filter((name) => name.startsWith('replies-')).flatMap((name) => readReplies(name));
const mails = files.filter((name) => name.startsWith('mails-')).flatMap((name) => readMails(name));

test.each(replies)('$reasons: $reply', ({ reply, reasons }) => {
  const decision = classifyReply(reply, {}, rules);
  expect(reasons).toContain(decision.reason);
  if (!reasons.includes('user-unknown') || reply.startsWith('4')) expect(decision.type).toBe('soft');
});

test('a status that calls the address unknown moves no text that says otherwise', () => {
  const moved = replies
    .filter(({ reasons }) => !reasons.includes('user-unknown'))
    .map(({ reply }) => reply.replace(/^[45]\d\d[ -]?/, '').replace(/^[45]\.\d+\.\d+ /, ''))
    .filter((text) => classifyReply(`550 5.1.1 ${text}`, {}, rules).reason === 'user-unknown');
  // Only a server that says so of its own, without a code, means the domain.
  expect(moved).toEqual(['Unrouteable address']);
});

describe('a mail', () => {
  test.each(mails)('$name', ({ kind, recipients, raw }) => {
    const read = classifyMail(raw, rules);
    if (kind === 'none') {
      expect(read.kind).not.toBe('failed');
      expect(read.recipients.filter(({ type }) => type !== 'ignored')).toEqual([]);
      return;
    }
    expect(read.kind).toBe(kind);
    expect(read.recipients.map(({ recipient }) => recipient)).toEqual(recipients.map(({ address }) => address));
    for (const [at, { reasons }] of recipients.entries()) expect(reasons).toContain(read.recipients[at]?.reason);
  });
});

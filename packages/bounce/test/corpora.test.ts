import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { classifyMail, compileRules, DEFAULT_RULES, type ClassifiedMail } from '../src/index.ts';

/** Mails from outside, with what they should come out as: too many, and not ours, to stand here. */
const FOLDER = process.env['MXFLOW_CORPORA'] ?? '';
const isThere = FOLDER !== '' && existsSync(join(FOLDER, 'expected.jsonl'));

if (!isThere) {
  const found = FOLDER === '' ? 'MXFLOW_CORPORA names no folder' : `there is no expected.jsonl in ${FOLDER}`;
  process.stderr.write(`\n*** MAILS FROM OUTSIDE ARE NOT TESTED: ${found} ***\n\n`);
  test.skip('mails from outside, of the folder that MXFLOW_CORPORA names');
}

/** A labelled recipient of a bounce, or a mail that is none. */
type Label = {
  readonly file: string;
  readonly index: number;
  readonly recipient: string | null;
  readonly reasons?: readonly string[];
  readonly hard: boolean | null;
};

/**
 * Labels that the mail itself contradicts: they are another program's. What we say instead.
 *
 * - In Domino's Japanese, "was not found in the Domino directory": labelled as undefined.
 * - "NXDOMAIN, domain name not found", and a domain without any address record: labelled as a network error.
 * - "inactive email address": labelled as unknown, by its code against its text.
 */
const CONTRADICTED: Readonly<Record<string, string>> = {
  'bounces/lhost-domino-02.eml': 'user-unknown',
  'bounces/rhost-gsuite-04.eml': 'invalid-domain',
  'bounces/rhost-gsuite-05.eml': 'invalid-domain',
  'bounces/rhost-gsuite-13.eml': 'invalid-domain',
  'bounces/rhost-gsuite-15.eml': 'invalid-domain',
  'bounces/rhost-apple-04.eml': 'inactive-user',
};

if (isThere)
  describe('mails from outside', () => {
    const labels = readLabels();
    const rules = compileRules(DEFAULT_RULES);
    const read = new Map<string, ClassifiedMail>();
    for (const { file } of labels)
      read.set(file, read.get(file) ?? classifyMail(readFileSync(join(FOLDER, file)), rules));
    const bounces = labels.filter(({ reasons }) => reasons !== undefined);
    const saidOf = ({ file, index }: Label) => read.get(file)?.recipients[index - 1];

    const share = (cases: readonly Label[], isRight: (label: Label) => boolean) => {
      const wrong = cases.filter((label) => !isRight(label)).map(({ file, index }) => `${file}#${index}`);
      return { rate: 1 - wrong.length / cases.length, wrong };
    };

    test('come out with the right reason, at least 97 of 100', () => {
      const { rate, wrong } = share(bounces, (label) => label.reasons?.includes(saidOf(label)?.reason ?? '') === true);
      expect(rate, wrong.join(' ')).toBeGreaterThanOrEqual(0.97);
    });

    test('come out hard or soft rightly, at least 98 of 100', () => {
      const known = bounces.filter(({ hard }) => hard !== null);
      const { rate, wrong } = share(known, (label) => (saidOf(label)?.type === 'hard') === label.hard);
      expect(rate, wrong.join(' ')).toBeGreaterThanOrEqual(0.98);
    });

    test('name the right recipient, at least 97 of 100', () => {
      const known = bounces.filter(({ recipient }) => recipient !== null);
      const { rate, wrong } = share(
        known,
        (label) => saidOf(label)?.recipient?.toLowerCase() === label.recipient?.toLowerCase(),
      );
      expect(rate, wrong.join(' ')).toBeGreaterThanOrEqual(0.97);
    });

    test('never call an address unknown that is not', () => {
      const wrong = bounces.filter(
        (label) =>
          saidOf(label)?.reason === 'user-unknown' &&
          label.reasons?.includes('user-unknown') !== true &&
          CONTRADICTED[label.file] !== 'user-unknown',
      );
      expect(wrong).toEqual([]);
    });

    test('are no failures where they are no bounces', () => {
      const taken = labels
        .filter(({ reasons }) => reasons === undefined)
        .filter(
          ({ file }) =>
            read.get(file)?.kind === 'failed' || read.get(file)?.recipients.some(({ type }) => type !== 'ignored'),
        );
      expect(taken).toEqual([]);
    });

    test.each(Object.entries(CONTRADICTED))('%s says %s, whatever its label', (file, reason) => {
      expect(read.get(file)?.recipients[0]?.reason).toBe(reason);
    });
  });

function readLabels(): readonly Label[] {
  const lines = readFileSync(join(FOLDER, 'expected.jsonl'), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line): Label => JSON.parse(line));
}

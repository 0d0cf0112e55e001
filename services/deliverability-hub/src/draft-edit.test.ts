import { bundledRuleSet } from '@mxflow/rule-set';
import { expect, test } from 'vitest';

import { editDraft, nameOf, type DraftEdit, type EditedDraft } from './draft-edit.ts';

const bundled = bundledRuleSet();
const small = { ...bundled, bounceRules: bundled.bounceRules.slice(0, 3) };
const [one, two, three] = small.bounceRules.map(({ id }) => id) as [string, string, string];
const fresh = { ...small.bounceRules[0], id: 'fresh' };
const other = { ...small.bounceRules[1], detail: 'moved' };

type Row = readonly [name: string, edit: DraftEdit, names: readonly unknown[] | EditedDraft['kind']];
test.for<Row>([
  ['a new rule comes first', { kind: 'put', rule: fresh }, ['fresh', one, two, three]],
  ['or before the one named', { kind: 'put', rule: fresh, before: three }, [one, two, 'fresh', three]],
  ['before none that is there: nothing is done', { kind: 'put', rule: fresh, before: 'nobody' }, 'unknown'],
  ['another version stays in its place', { kind: 'put', rule: other }, [one, two, three]],
  ['or moves where it is told to', { kind: 'put', rule: other, before: one }, [two, one, three]],
  ['before itself it stays', { kind: 'put', rule: other, before: two }, [one, two, three]],
  ['a rule goes', { kind: 'delete', id: two }, [one, three]],
  ['one that is not there cannot', { kind: 'delete', id: 'nobody' }, 'unknown'],
  ['another order', { kind: 'order', ids: [three, one, two] }, [three, one, two]],
  ['an order that leaves one out', { kind: 'order', ids: [three, one] }, 'other-list'],
  ['that names one twice', { kind: 'order', ids: [three, one, one] }, 'other-list'],
  ['that names a stranger', { kind: 'order', ids: [three, one, two, 'nobody'] }, 'other-list'],
])('%s', ([, edit, expected]) => {
  const edited = editDraft(small, 'bounceRules', edit);
  expect(edited.kind === 'edited' ? edited.content.bounceRules.map(nameOf) : edited.kind).toEqual(expected);
});

test('an edit of one list leaves the others as they are, and puts what it was given', () => {
  const edited = editDraft(small, 'bounceRules', { kind: 'put', rule: other });
  expect(edited).toEqual({
    kind: 'edited',
    content: { ...small, bounceRules: [small.bounceRules[0], other, small.bounceRules[2]] },
  });
});

test('a policy goes by its reason', () => {
  const policy = { reason: 'mailbox-full', quarantineAt: 9, releaseDays: null };
  const edited = editDraft(small, 'policies', { kind: 'put', rule: policy });
  expect(edited.kind === 'edited' && edited.content.policies.filter((each) => each.reason === 'mailbox-full')).toEqual([
    policy,
  ]);
});

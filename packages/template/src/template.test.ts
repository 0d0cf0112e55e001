import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Escape } from './printable.ts';
import type { Rendering, Variables } from './rendering.ts';
import { compileTemplate, type Template } from './template.ts';

function compiled(source: string, escape: Escape = 'html'): Template {
  const result = compileTemplate(source, { escape });
  if (result.kind === 'invalid') throw new Error(`${source}: ${result.because}`);
  return result.template;
}

const text = (rendered: string): Rendering => ({ kind: 'rendered', text: rendered });
const missing = (variable: string): Rendering => ({ kind: 'missing', variable });

type Row = readonly [sentence: string, source: string, variables: Variables, rendering: Rendering];

test.for<Row>([
  ['plain text stays', 'Hello {there}', {}, text('Hello {there}')],
  ['a variable is merged', 'Hi {{ name }}!', { name: 'Ada' }, text('Hi Ada!')],
  ['a merged value is escaped', '{{ name }}', { name: `<a b="c">&'` }, text('&lt;a b=&#34;c&#34;&gt;&amp;&#39;')],
  ['a filtered value is escaped too', '{{ name | upcase }}', { name: '<b>' }, text('&lt;B&gt;')],
  ['raw is not escaped', '{{ name | raw }}', { name: '<b>' }, text('<b>')],
  ['raw before another filter does nothing', '{{ name | raw | upcase }}', { name: '<b>' }, text('&lt;B&gt;')],
  ['a default is escaped', '{{ name | default: "<b>" }}', {}, text('&lt;b&gt;')],
  ['numbers and booleans have a text', '{{ n }} {{ yes }}', { n: 1.5, yes: true }, text('1.5 true')],
  ['a part of an object', '{{ user.city }}', { user: { city: 'Köln' } }, text('Köln')],
  ['a missing variable is named', 'Hi {{ name }}', {}, missing('name')],
  ['a missing part is named', 'Hi {{ user.city }}', { user: {} }, missing('user.city')],
  ['a missing part behind a filter is named', 'Hi {{ user.city | upcase }}', { user: {} }, missing('user.city')],
  ['null is missing', '{{ name }}', { name: null }, missing('name')],
  ['null is missing behind a filter', '{{ name | upcase }}', { name: null }, missing('name')],
  ['null takes the default', "{{ name | default: 'you' }}", { name: null }, text('you')],
  ['empty text takes the default', "{{ name | default: 'you' }}", { name: '' }, text('you')],
  ['zero takes no default', "{{ n | default: 'none' }}", { n: 0 }, text('0')],
  ['a condition asks without failing', '{% if name %}{{ name }}{% else %}you{% endif %}', {}, text('you')],
  ['a loop', '{% for p in list %}{{ p.n }},{% endfor %}', { list: [{ n: 1 }, { n: '<' }] }, text('1,&lt;,')],
  ['a date, in UTC', '{{ d | date: "%d.%m.%Y %H:%M" }}', { d: '2026-11-24T01:30:00+02:00' }, text('23.11.2026 23:30')],
  ['raw blocks', '{% raw %}{{ a }}{% endraw %}', {}, text('{{ a }}')],
  ['white space control', 'a {{- b -}} c', { b: 1 }, text('a1c')],
  ['a quoted brace does not end an output', '{{ "a}}b" }}', {}, text('a}}b')],
  ['inherited properties are missing', '{{ constructor }}', {}, missing('constructor')],
  ['inherited properties are missing behind a filter', '{{ __proto__ | upcase }}', {}, missing('__proto__')],
  [
    'an object has no text',
    '{{ user }}',
    { user: {} },
    { kind: 'failed', because: 'user: a text, number or boolean was expected, an object was found' },
  ],
  [
    'a list has no text',
    '{{ user | raw }}',
    { user: [] },
    { kind: 'failed', because: 'a text, number or boolean was expected, a list was found' },
  ],
  [
    'a loop over a billion ends',
    '{% for i in (1..1000000000) %}x{% endfor %}',
    {},
    { kind: 'failed', because: 'memory alloc limit exceeded' },
  ],
  [
    'a pad of a billion ends',
    '{{ "now" | date: "%999999999Y" }}',
    {},
    { kind: 'failed', because: 'memory alloc limit exceeded' },
  ],
])('%s', ([, source, variables, rendering]) => {
  expect(compiled(source).render(variables)).toEqual(rendering);
});

type Refusal = readonly [
  sentence: string,
  source: string,
  because: RegExp,
  place: readonly [line: number, column: number],
];

test.for<Refusal>([
  ['an open tag', 'a\n{% if a %}', /not closed/, [2, 1]],
  ['an open output', '{{ a', /not closed/, [1, 1]],
  ['an unknown filter', 'a\n {{ a | nope }}', /undefined filter: nope/, [2, 2]],
  ['include', "{% include 'x' %}", /"include" not found/, [1, 1]],
  ['render', "{% render 'x' %}", /"render" not found/, [1, 1]],
  ['layout', "{% layout 'x' %}", /"layout" not found/, [1, 1]],
])('refused: %s', ([, source, because, [line, column]]) => {
  const result = compileTemplate(source, { escape: 'none' });
  expect(result).toMatchObject({ kind: 'invalid', because: expect.stringMatching(because), line, column });
});

test('a template that loops for ever ends', () => {
  const began = performance.now();
  const source = '{% for i in (1..2000) %}{% for j in (1..2000) %}{{ i }}{% endfor %}{% endfor %}';
  expect(compiled(source).render({})).toEqual({ kind: 'failed', because: 'template render limit exceeded' });
  expect(performance.now() - began).toBeLessThan(5000);
});

test.for<readonly [sentence: string, source: string, because: RegExp]>([
  ['a million characters and one', 'x'.repeat(1_000_001), /at most 1000000 characters/],
  ['2,001 outputs', '{{ a }}'.repeat(2001), /more than 2000 outputs and tags/],
  ['200,000 outputs', '{{a}}'.repeat(200_000), /more than 2000 outputs and tags/],
  ['100,000 tags that open', '{% if a %}'.repeat(100_000), /more than 2000 outputs and tags/],
  ['a chain of 50,000 filters', `{{ a ${'| upcase '.repeat(50_000)}}}`, /more than 4000 characters/],
  ['a path of 100,000 parts', `{{ a${'.a'.repeat(100_000)} }}`, /more than 4000 characters/],
  ['250,000 openings', '{{ "'.repeat(250_000), /not closed/],
  ['2,000 tags nested in one another', `${'{% if a %}'.repeat(1999)}{{ a`, /not closed/],
])('refused within a second: %s', ([, source, because]) => {
  const began = performance.now();
  const result = compileTemplate(source, { escape: 'none' });
  expect(result).toMatchObject({ kind: 'invalid', because: expect.stringMatching(because) });
  expect(performance.now() - began).toBeLessThan(3000);
});

const anyName = fc.constantFrom('a', 'b', 'a.b', 'b.a.b');
const anyOutput = fc.oneof(
  anyName.map((name) => `{{ ${name} }}`),
  fc
    .tuple(anyName, fc.constantFrom('x', '', '<i>', 'ü'))
    .map(([name, absent]) => `{{ ${name} | default: "${absent}" }}`),
  anyName.map((name) => `{{ ${name} | append: "!" }}`),
);
const anyFixed = fc
  .string({ unit: fc.constantFrom('a', ' ', '{', '}', '<', 'ü', '\n') })
  .filter((fixed) => !/\{\{|\}\}/.test(fixed));
const anyValue = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constant({ b: 'deep' }),
  fc.constant([]),
);

test('stretches render as the whole template does in the engine', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyFixed, anyOutput), { maxLength: 5 }),
      fc.dictionary(fc.constantFrom('a', 'b'), anyValue),
      fc.constantFrom<Escape>('html', 'none'),
      (pieces, variables, escape) => {
        const source = pieces.map(([fixed, output]) => `${fixed.replace(/\{$/, '')}${output} `).join('');
        const cut = compiled(source, escape);
        // A tag with nothing in it keeps the template whole.
        const whole = compiled(`${source}{% comment %}{% endcomment %}`, escape);
        expect(cut.segments).toBeDefined();
        expect(whole.segments).toBeUndefined();
        const rendering = cut.render(variables);
        if (rendering.kind === 'failed') expect(whole.render(variables).kind).toBe('failed');
        else expect(whole.render(variables)).toEqual(rendering);
      },
    ),
    { numRuns: 300 },
  );
});

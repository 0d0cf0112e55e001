import fc from 'fast-check';
import { expect, test } from 'vitest';

import { canonicalJson, findUnsafe, MAX_DEPTH, nestsTooDeep } from './json-safety.ts';

test('canonical JSON says the same, whatever the order of keys', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

test.for<[json: string, pointer: string | undefined]>([
  ['{"a":["b",{"c":1}]}', undefined],
  ['{"a":["b",{"c":"\\u0000"}]}', '/a/1/c'],
  ['{"a/b":{"~":"\\ud800"}}', '/a~1b/~0'],
  ['{"a":{"__proto__":1}}', '/a/__proto__'],
  ['{"a\\u0000":1}', '/a\0'],
])('%s has its fault at %j', ([json, pointer]) => {
  expect(findUnsafe(JSON.parse(json))?.pointer).toBe(pointer);
});

test('nesting is counted outside strings only', () => {
  const nested = (levels: number): Buffer => Buffer.from('['.repeat(levels) + ']'.repeat(levels));
  expect(nestsTooDeep(nested(MAX_DEPTH))).toBe(false);
  expect(nestsTooDeep(nested(MAX_DEPTH + 1))).toBe(true);
  expect(nestsTooDeep(Buffer.from(JSON.stringify({ text: `\\"${'['.repeat(100)}` })))).toBe(false);
  expect(nestsTooDeep(Buffer.from(`[${'[],'.repeat(100)}[]]`))).toBe(false);
});

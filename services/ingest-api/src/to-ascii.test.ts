import { expect, test } from 'vitest';

import { toAscii } from './to-ascii.ts';

test.for<[domain: string, ascii: string | undefined]>([
  ['example.com', 'example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['例え.テスト', 'xn--r8jz45g.xn--zckzah'],
  ['sender.example\nx', undefined],
  ['bü\tcher.example', undefined],
  ['b%C3%BCcher.example', undefined],
  ['bücher.example/path', undefined],
  ['bücher.example:25', undefined],
  ['xn--\u0000.example', undefined],
  ['', undefined],
])('%j becomes %j', ([domain, ascii]) => {
  expect(toAscii(domain)).toBe(ascii);
});

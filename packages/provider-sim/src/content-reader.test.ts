import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ContentReader, messageIdOf } from './content-reader.ts';

const octets = fc.array(fc.constantFrom('\r\n', '.', '..', 'a', '\n', '\r', '\r\n.', 'ü'), { maxLength: 60 });

/** Stuffs and ends a content as a client does. */
function onTheWire(content: string): Buffer {
  const closed = content.endsWith('\r\n') ? content : `${content}\r\n`;
  return Buffer.from(`${closed.replace(/(^|\r\n)\./g, '$1..')}.\r\n`, 'latin1');
}

test('however it is cut, a content comes out as it was put in, and what follows is left alone', () => {
  fc.assert(
    fc.property(octets, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (parts, cuts) => {
      const content = parts.join('').replace(/[^\r\n]*$/, (last) => `${last}\r\n`);
      // A CR before the closing CRLF would be content too; keep the sample's end plain.
      fc.pre(!content.endsWith('\r\r\n'));
      const wire = Buffer.concat([onTheWire(content), Buffer.from('QUIT\r\n')]);
      const reader = new ContentReader('all');
      let rest = '';
      let done = false;
      for (let from = 0, turn = 0; from < wire.length; turn += 1) {
        const to = Math.min(from + (cuts[turn % cuts.length] ?? 1), wire.length);
        const chunk = wire.subarray(from, to);
        from = to;
        if (done) rest += chunk.toString('latin1');
        else {
          const end = reader.readUntilDot(chunk, 0);
          if (end === undefined) continue;
          done = true;
          rest = chunk.toString('latin1', end);
        }
      }
      expect(rest).toBe('QUIT\r\n');
      expect(reader.unstuffed().toString('latin1')).toBe(content);
    }),
  );
});

test.for([
  ['a bare LF around the dot does not end it', 'a\n.\n'],
  ['nor LF dot CRLF', 'a\n.\r\n'],
  ['nor CR dot CR', 'a\r.\r'],
  ['nor CRLF dot LF', 'a\r\n.\n'],
] as const)('%s', ([, wire]) => {
  expect(new ContentReader('none').readUntilDot(Buffer.from(wire), 0)).toBe(undefined);
});

test('an empty content ends at once', () => {
  const reader = new ContentReader('all');
  expect(reader.readUntilDot(Buffer.from('.\r\nNOOP\r\n'), 0)).toBe(3);
  expect(reader.unstuffed().length).toBe(0);
});

test.for([
  ['Message-ID', 'Subject: x\r\nMessage-ID: <1@x>\r\n', '1@x'],
  ['a folded one', 'message-id:\r\n <2@x>\r\n', '2@x'],
  ['the sender’s own before it', 'Message-ID: <3@x>\r\nX-Mxflow-Message-Id: 7f\r\n', '7f'],
  ['none', 'Subject: Message-ID: <no@x>\r\n', ''],
] as const)('id from %s', ([, header, id]) => {
  expect(messageIdOf(header)).toBe(id);
});

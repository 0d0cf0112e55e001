import { expect, test } from 'vitest';

import { NO_CAPABILITIES, parseCapabilities, type Capabilities } from './capabilities.ts';

type Row = readonly [name: string, lines: readonly string[], capabilities: Partial<Capabilities>];

test.for<Row>([
  ['nothing is offered by a name alone', ['mx.example'], {}],
  ['the first line is a name even if it reads like a keyword', ['PIPELINING'], {}],
  [
    'all that is known is read, in any case',
    ['mx', 'pipelining', 'Chunking', '8BITMIME', 'SIZE 35882577', 'SMTPUTF8', 'STARTTLS', 'ENHANCEDSTATUSCODES', 'DSN'],
    {
      pipelining: true,
      chunking: true,
      eightBitMime: true,
      size: true,
      sizeOctets: 35_882_577,
      smtpUtf8: true,
      startTls: true,
      enhancedStatusCodes: true,
    },
  ],
  ['SIZE without a figure sets no maximum', ['mx', 'SIZE'], { size: true }],
  ['SIZE 0 sets no maximum', ['mx', 'SIZE 0'], { size: true }],
  ['SIZE with nonsense sets no maximum', ['mx', 'SIZE -5'], { size: true }],
])('%s', ([, lines, capabilities]) => {
  expect(parseCapabilities({ code: 250, enhanced: undefined, lines })).toEqual({ ...NO_CAPABILITIES, ...capabilities });
});

import { Readable } from 'node:stream';

import type { JobDefinition } from '@mxflow/contracts';

/** A job as a stream of lines that is made while it is sent: its length costs no memory. */
export function streamJob(definition: JobDefinition, count: number, addressOf: (index: number) => string): Readable {
  return Readable.from(lines(definition, count, addressOf), { objectMode: false, highWaterMark: 1 << 20 });
}

const LINES_AT_ONCE = 1000;

function* lines(definition: JobDefinition, count: number, addressOf: (index: number) => string): Generator<string> {
  yield `${JSON.stringify(definition)}\n`;
  for (let first = 0; first < count; first += LINES_AT_ONCE) {
    let text = '';
    for (let index = first; index < Math.min(count, first + LINES_AT_ONCE); index += 1) {
      text += `{"address":"${addressOf(index)}","variables":{"firstName":"Ann ${index}","city":"Lyon"}}\n`;
    }
    yield text;
  }
}

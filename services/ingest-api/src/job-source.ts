import type { Fault } from '@mxflow/contracts';
import { foundText, parseJsonBody, ProblemError, tooLarge } from '@mxflow/http-api';

import { readLines, type Line } from './ndjson-lines.ts';
import { MAX_RECIPIENT_OCTETS, readRecipient, readRecipientLine } from './read-recipient.ts';
import type { NumberedRecipient, Recipients } from './store-recipients.ts';

/** A post, cut into what defines the job and whom it goes to. */
export type JobSource = { readonly definition: unknown; readonly recipients: Recipients };

/** A job in one piece. */
export function openWhole(body: unknown): JobSource | { readonly faults: readonly Fault[] } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { faults: [{ pointer: '', expected: 'type object', found: foundText(body ?? undefined) }] };
  }
  const { recipients, ...definition } = body as Readonly<Record<string, unknown>>;
  if (!Array.isArray(recipients)) {
    return { faults: [{ pointer: '/recipients', expected: 'a list of recipients', found: foundText(recipients) }] };
  }
  return { definition, recipients: readInBatches(recipients) };
}

const BATCH = 500;

async function* readInBatches(recipients: readonly unknown[]): AsyncGenerator<readonly NumberedRecipient[]> {
  for (let start = 0; start < recipients.length; start += BATCH) {
    yield recipients
      .slice(start, start + BATCH)
      .map((recipient, index) => ({ line: start + index, reading: readRecipient(recipient) }));
  }
}

/** A job as a stream: its definition on the first line, then a recipient a line. Reads no further than that line. */
export async function openStream(octets: AsyncIterable<Buffer>, maxDefinitionOctets: number): Promise<JobSource> {
  const lines = readLines(octets, { first: maxDefinitionOctets, others: MAX_RECIPIENT_OCTETS });
  const begun = await lines.next();
  const [first, ...others] = begun.done === true ? [] : begun.value;
  if (first === undefined) {
    const found = { pointer: '', expected: 'the job on the first line', found: 'nothing' };
    throw new ProblemError('malformed', { faults: [found] });
  }
  if (first.kind === 'too-long') throw tooLarge(maxDefinitionOctets);
  return { definition: parseJsonBody(first.octets), recipients: readFrom(others, lines) };
}

async function* readFrom(
  begun: readonly Line[],
  lines: AsyncIterable<readonly Line[]>,
): AsyncGenerator<readonly NumberedRecipient[]> {
  if (begun.length > 0) yield begun.map(readLine);
  for await (const batch of lines) yield batch.map(readLine);
}

function readLine(line: Line): NumberedRecipient {
  if (line.kind === 'line') return { line: line.number, reading: readRecipientLine(line.octets) };
  const fault = { pointer: '', expected: `at most ${MAX_RECIPIENT_OCTETS} octets a line`, found: 'more' };
  return { line: line.number, reading: { kind: 'fault', fault } };
}

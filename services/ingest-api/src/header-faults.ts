import { MAX_LINE_OCTETS, type Fault, type JobDefinition } from '@mxflow/contracts';
import { foundText, pointerStep } from '@mxflow/http-api';

/** Every text of a definition that goes into a header field: no line may be broken (RFC 5322 §2.2), none be too long. */
export function findHeaderFaults(definition: JobDefinition): readonly Fault[] {
  const { from, replyTo, subject, headers = {}, attachments = [] } = definition;
  return [
    ...findLineFaults('/from/name', from.name),
    ...findLineFaults('/replyTo/name', replyTo?.name),
    ...findLineFaults('/subject', subject),
    ...Object.entries(headers).flatMap(([name, value]) => findLineFaults(`/headers${pointerStep(name)}`, value)),
    ...attachments.flatMap(({ filename, contentType, contentId }, index) => [
      ...findLineFaults(`/attachments/${index}/filename`, filename),
      ...findLineFaults(`/attachments/${index}/contentType`, contentType),
      ...findLineFaults(`/attachments/${index}/contentId`, contentId),
    ]),
  ];
}

function findLineFaults(pointer: string, text: string | undefined): readonly Fault[] {
  if (text === undefined) return [];
  if (/\p{Cc}/u.test(text)) {
    return [{ pointer, expected: 'one line without control characters', found: foundText(text) }];
  }
  const octets = Buffer.byteLength(text);
  if (octets <= MAX_LINE_OCTETS) return [];
  return [{ pointer, expected: `at most ${MAX_LINE_OCTETS} octets`, found: `${octets} octets` }];
}

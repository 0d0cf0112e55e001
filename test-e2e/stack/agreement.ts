import type { MessageView } from '@mxflow/contracts';
import { readReferee } from '@mxflow/provider-sim';

/** What the providers accepted, held against the delivery log. */
export type Agreement = {
  /** A sentence for each message about which they disagree. */
  readonly faults: readonly string[];
  /** Messages that a provider accepted more than once. */
  readonly duplicates: readonly MessageView[];
};

/** `sent` was accepted at least once, everything else never, and nothing was accepted that the log does not know. */
export async function compareLog(messages: readonly MessageView[], refereeFile: string): Promise<Agreement> {
  const accepted = new Map<string, number>();
  for await (const event of readReferee(refereeFile)) {
    if (event.e === 'accepted') accepted.set(event.rcpt, (accepted.get(event.rcpt) ?? 0) + 1);
  }
  const times = ({ address }: MessageView): number => accepted.get(address) ?? 0;
  const known = new Set(messages.map(({ address }) => address));
  const wrong = messages.filter((message) => (message.status === 'sent') !== times(message) > 0);
  const unknown = [...accepted.keys()].filter((address) => !known.has(address));
  return {
    faults: [
      ...wrong.map((message) => `${message.address}: ${message.status} in the log, accepted ${times(message)} times`),
      ...unknown.map((address) => `${address}: accepted, and unknown to the log`),
    ],
    duplicates: messages.filter((message) => times(message) > 1),
  };
}

import { hash } from 'node:crypto';

import type { PreparedRecipient } from '@mxflow/db';
import { addressKey, domainOf, messageIdOf, type Recipient } from '@mxflow/domain';

/** Hexadecimal digits of 128 bits: Postgres reads them as a UUID. */
const HASH_DIGITS = 32;

/** Gives recipients of a chunk their ids and sites. Every domain of theirs must have a site. */
export function preparedRecipients(
  recipients: readonly Recipient[],
  chunk: {
    readonly jobNumber: string;
    readonly firstOrdinal: number;
    readonly sites: ReadonlyMap<string, number>;
  },
): readonly PreparedRecipient[] {
  return recipients.map(({ address, variables }, index) => {
    const ordinal = chunk.firstOrdinal + index;
    const key = addressKey(address);
    const siteId = chunk.sites.get(domainOf(address));
    if (siteId === undefined) throw new Error(`expected a site for every domain of job ${chunk.jobNumber}, found none`);
    return {
      messageId: messageIdOf(chunk.jobNumber, ordinal),
      ordinal,
      address,
      addressKey: key,
      addressHash: hash('sha256', key).slice(0, HASH_DIGITS),
      ...(variables === undefined ? {} : { variables }),
      siteId,
    };
  });
}

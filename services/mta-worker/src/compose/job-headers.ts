import { encodeMessageIdHeader, encodeUnsubscribeToken, type JobSettings, type MessageId } from '@mxflow/domain';
import type { Instance } from './instance.ts';

/** The fields that differ only by the message's id, as values. */
export type IdentityFields = {
  readonly messageId: string;
  /** `List-Unsubscribe`: the one-click link first (RFC 8058 §3.1), then the mailbox if there is one. */
  readonly unsubscribe: readonly string[];
};

export function identityFields(messageId: MessageId, domain: string, instance: Instance): IdentityFields {
  const { keyId, mac, unsubscribe } = instance;
  const token = encodeUnsubscribeToken(messageId, keyId, mac);
  const link = `<${unsubscribe.baseUrl}/u/${token}>`;
  const { mailtoDomain } = unsubscribe;
  return {
    messageId: encodeMessageIdHeader({ messageId, domain }, keyId, mac),
    unsubscribe:
      mailtoDomain === undefined ? [link] : [link, `<mailto:u-${token}@${mailtoDomain}?subject=unsubscribe>`],
  };
}

/** Job, list, nothing, sender: four fields as Gmail's feedback loop reads them. */
export function feedbackId({
  publicId,
  listId = '',
  sender,
}: {
  readonly publicId: string;
  readonly listId?: string;
  readonly sender: string;
}): string {
  return [publicId, listId, '', sender].map((field) => field.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 60)).join(':');
}

/** A list's identifier (RFC 2919 §2): below the sender's domain unless it is a name of several labels already. */
export function listIdentifier({ listId }: JobSettings, fromDomain: string): string | undefined {
  if (listId === undefined) return undefined;
  const label = listId
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 120);
  if (label === '') return undefined;
  return label.includes('.') ? `<${label}>` : `<${label}.${fromDomain}>`;
}

import type { EnhancedStatus, FailureDetail, FailureReason, FailureType } from '@mxflow/domain';

/** A reading of a failure without a rule. */
export type Reading = { readonly reason: FailureReason; readonly type: FailureType; readonly detail: FailureDetail };

const soft = (reason: FailureReason, detail: FailureDetail): Reading => ({ reason, type: 'soft', detail });

/** Readings by enhanced status, the part behind the class (RFC 3463 §3, RFC 5248, RFC 7372, RFC 7505). */
const BY_STATUS: Readonly<Record<string, Reading>> = {
  '1.1': { reason: 'user-unknown', type: 'hard', detail: 'user-unknown' },
  '1.2': soft('invalid-domain', 'host-unknown'),
  '1.3': { reason: 'user-unknown', type: 'hard', detail: 'user-unknown' },
  '1.6': { reason: 'user-unknown', type: 'hard', detail: 'moved' },
  '1.7': soft('refused', 'sender-rejected'),
  '1.8': soft('refused', 'sender-rejected'),
  '1.9': soft('refused', 'not-rfc-compliant'),
  '1.10': soft('invalid-domain', 'domain-accepts-no-mail'),
  '2.1': soft('inactive-user', 'suspended'),
  '2.2': soft('mailbox-full', 'mailbox-full'),
  '2.3': soft('refused', 'too-large'),
  '2.4': soft('unreachable', 'mailer-error'),
  '3.0': soft('unreachable', 'system-error'),
  '3.1': soft('unreachable', 'system-full'),
  '3.2': soft('unreachable', 'system-error'),
  '3.3': soft('unreachable', 'system-error'),
  '3.4': soft('refused', 'too-large'),
  '3.5': soft('unreachable', 'system-error'),
  '4.0': soft('unreachable', 'network'),
  '4.1': soft('unreachable', 'expired'),
  '4.2': soft('unreachable', 'network'),
  '4.3': soft('unreachable', 'network'),
  '4.5': soft('unreachable', 'rate-limited'),
  '4.6': soft('unreachable', 'network'),
  '4.7': soft('unreachable', 'expired'),
  '5.1': soft('unreachable', 'protocol-error'),
  '5.2': soft('unreachable', 'syntax'),
  '5.3': soft('unreachable', 'rate-limited'),
  '5.4': soft('unreachable', 'syntax'),
  '5.5': soft('unreachable', 'protocol-error'),
  '6.0': soft('refused', 'policy'),
  '6.3': soft('refused', 'policy'),
  '7.0': soft('refused', 'policy'),
  '7.1': soft('refused', 'policy'),
  '7.2': soft('refused', 'recipient-filter'),
  '7.5': soft('refused', 'security'),
  '7.7': soft('refused', 'policy'),
  '7.8': soft('refused', 'security'),
  '7.10': soft('refused', 'tls'),
  '7.13': soft('inactive-user', 'suspended'),
  '7.20': soft('refused', 'auth-failure'),
  '7.21': soft('refused', 'auth-failure'),
  '7.22': soft('refused', 'auth-failure'),
  '7.23': soft('refused', 'auth-failure'),
  '7.24': soft('refused', 'auth-failure'),
  '7.25': soft('refused', 'no-ptr'),
  '7.26': soft('refused', 'auth-failure'),
  '7.27': soft('refused', 'sender-rejected'),
  '7.28': soft('unreachable', 'rate-limited'),
  '7.29': soft('refused', 'auth-failure'),
};

/** What the subject of an unlisted status says: security, or network and routing. */
const BY_SUBJECT: Readonly<Record<string, Reading>> = {
  '7': soft('refused', 'policy'),
  '6': soft('refused', 'policy'),
  '5': soft('unreachable', 'protocol-error'),
  '4': soft('unreachable', 'network'),
  '3': soft('unreachable', 'system-error'),
};

/** Reads a failure by its enhanced status; `undefined` where it says nothing about the why. */
export function byEnhancedStatus(status: EnhancedStatus | undefined): Reading | undefined {
  if (status === undefined) return undefined;
  const behind = status.slice(2);
  const reading = BY_STATUS[behind] ?? (behind.endsWith('.0') ? undefined : BY_SUBJECT[behind.split('.')[0] ?? '']);
  if (reading === undefined) return undefined;
  // The same number, of two meanings: for now nobody can say a way, or there is none.
  if (behind === '4.4')
    return status.startsWith('5.') ? soft('invalid-domain', 'host-unknown') : soft('unreachable', 'network');
  if (status === '4.2.1') return soft('unreachable', 'system-error');
  // A transient class says that it may pass: the address is not given up.
  return status.startsWith('4.') && reading.type === 'hard' ? { ...reading, type: 'soft' } : reading;
}

/** Readings by reply code alone (RFC 5321 §4.2.3): only codes that cannot mean an address. */
const BY_REPLY_CODE: Readonly<Record<number, Reading>> = {
  421: soft('unreachable', 'network'),
  450: soft('unreachable', 'system-error'),
  451: soft('unreachable', 'system-error'),
  452: soft('unreachable', 'system-full'),
  530: soft('refused', 'security'),
  535: soft('refused', 'security'),
  521: soft('invalid-domain', 'domain-accepts-no-mail'),
  556: soft('invalid-domain', 'domain-accepts-no-mail'),
};

export function byReplyCode(code: number | undefined): Reading | undefined {
  return code === undefined ? undefined : BY_REPLY_CODE[code];
}

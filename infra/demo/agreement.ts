import type { MessageView } from '@mxflow/contracts';
import { readReferee } from '@mxflow/provider-sim';

/**
 * Holds the delivery log against what the providers saw, message by message: `sent` was accepted exactly once (more
 * often only where the log says that an attempt was in doubt), everything else never.
 *
 * @returns a sentence for each message on which they disagree.
 */
export async function checkAgreement(
  messages: readonly MessageView[],
  refereeFile: string,
): Promise<readonly string[]> {
  const accepted = new Map<string, number>();
  for await (const event of readReferee(refereeFile)) {
    if (event.e === 'accepted') accepted.set(event.rcpt, (accepted.get(event.rcpt) ?? 0) + 1);
  }
  const faults: string[] = [];
  for (const { address, status, inDoubt } of messages) {
    const times = accepted.get(address) ?? 0;
    accepted.delete(address);
    if (status === 'sent' && times === 0) faults.push(`${address}: the log says sent, no provider accepted it`);
    if (status === 'sent' && times > 1 && inDoubt !== true) faults.push(`${address}: accepted ${times} times`);
    if (status !== 'sent' && times > 0) faults.push(`${address}: the log says ${status}, a provider accepted it`);
  }
  for (const address of accepted.keys()) faults.push(`${address}: accepted by a provider, unknown to the log`);
  return faults;
}

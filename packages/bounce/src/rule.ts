import type { RuleConditions } from '@mxflow/domain';

/** What a rule is held against. */
export type RuleSubject = {
  readonly replyCode: number | undefined;
  readonly enhancedStatus: string | undefined;
  readonly mxHost: string | undefined;
  readonly sender: string | undefined;
};

export function conditionsHold(conditions: RuleConditions | undefined, subject: RuleSubject): boolean {
  if (conditions === undefined) return true;
  const { replyCodes, enhancedStatuses, mxMasks, senders } = conditions;
  return (
    holds(replyCodes, (start) => subject.replyCode !== undefined && String(subject.replyCode).startsWith(start)) &&
    holds(enhancedStatuses, (start) => subject.enhancedStatus?.startsWith(start) === true) &&
    holds(
      mxMasks,
      (mask) => subject.mxHost !== undefined && fitsMask(subject.mxHost.toLowerCase(), mask.toLowerCase()),
    ) &&
    holds(senders, (end) => subject.sender?.toLowerCase().endsWith(end.toLowerCase()) === true)
  );
}

function holds(choices: readonly string[] | undefined, fits: (choice: string) => boolean): boolean {
  return choices === undefined || choices.length === 0 || choices.some((choice) => fits(choice));
}

function fitsMask(host: string, mask: string): boolean {
  if (mask === '*' || mask === host) return true;
  return mask.startsWith('*.') && host.endsWith(mask.slice(1));
}

import type { AttemptView, MessageView } from '@mxflow/contracts';
import type { LoggedAttempt, MessageStanding } from '@mxflow/db';
import { ordinalOf, type MessageId } from '@mxflow/domain';

/** The id of a message as callers know it: its job's, and its recipient's ordinal. */
export function publicMessageId(publicJobId: string, messageId: MessageId): string {
  return `${publicJobId}-${ordinalOf(messageId)}`;
}

/** Reads such an id; `undefined` where it is none. */
export function parsePublicMessageId(
  id: string,
): { readonly publicJobId: string; readonly ordinal: number } | undefined {
  const [, publicJobId, ordinal] = /^([0-9A-Za-z]{1,64})-(0|[1-9]\d{0,8})$/.exec(id) ?? [];
  return publicJobId === undefined || ordinal === undefined ? undefined : { publicJobId, ordinal: Number(ordinal) };
}

export function viewMessage(publicJobId: string, standing: MessageStanding): MessageView {
  return {
    id: publicMessageId(publicJobId, standing.messageId),
    address: standing.address,
    attempts: standing.attempts,
    ...viewTold(standing),
    ...present({ nextAttemptAt: standing.dueAt?.toISOString(), waitReason: standing.waitReason }),
  };
}

export function viewAttempt(attempt: LoggedAttempt): AttemptView {
  return { attempt: attempt.attempt, ...viewTold(attempt), ...present({ mxIp: attempt.mxIp }) };
}

type Told = Omit<LoggedAttempt, 'attempt' | 'mxIp'>;

function viewTold(told: Told): Omit<AttemptView, 'attempt' | 'mxIp'> {
  return {
    status: told.status,
    ...present({
      type: told.failureType,
      reason: told.failureReason,
      detail: told.failureDetail,
      rule: told.rule,
      replyCode: told.replyCode,
      enhancedStatus: told.enhancedStatus,
      reply: told.reply,
      mxHost: told.mxHost,
      source: told.source,
      at: told.loggedAt?.toISOString(),
    }),
    ...(told.inDoubt ? { inDoubt: true } : {}),
  };
}

type Present<Fields> = { readonly [Name in keyof Fields]?: NonNullable<Fields[Name]> };

/** Leaves out what is not there. */
function present<Fields extends object>(fields: Fields): Present<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  ) as Present<Fields>;
}

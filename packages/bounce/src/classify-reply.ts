import type { EnhancedStatus } from '@mxflow/domain';

import { codesIn } from './codes.ts';
import type { CompiledRules } from './compile-rules.ts';
import { decide, type Decision } from './decision.ts';
import { refusedCommandIn, type RefusedCommand } from './quoted-reply.ts';

/** Where a reply was given. */
export type ReplyContext = {
  readonly mxHost?: string | undefined;
  readonly sender?: string | undefined;
  /** Set where the server refused before it was told the recipient. */
  readonly command?: RefusedCommand | undefined;
};

export type ClassifiedReply = Decision & {
  readonly replyCode: number | undefined;
  readonly enhancedStatus: EnhancedStatus | undefined;
};

/** Classifies an SMTP reply: `550 5.1.1 text`, the lines of a longer one joined by spaces or line feeds. */
export function classifyReply(line: string, context: ReplyContext, rules: CompiledRules): ClassifiedReply {
  const codes = codesIn(line);
  const subject = { ...codes, mxHost: context.mxHost, sender: context.sender };
  const texts = [{ target: 'reply', text: line } as const, ...statusText(codes.enhancedStatus)];
  // A line of Postfix' log names the command behind the reply.
  const command = context.command ?? (line.includes('(in reply to ') ? refusedCommandIn(line) : undefined);
  return { ...decide({ texts, subject, command }, rules), ...codes };
}

/** The enhanced status as a text, for rules that look at nothing else. */
export function statusText(status: EnhancedStatus | undefined): readonly { target: 'status'; text: string }[] {
  return status === undefined ? [] : [{ target: 'status', text: status }];
}

/** Enhanced status code `class.subject.detail`, e.g. `5.1.1` (RFC 3463 §2). */
export type EnhancedStatus = `${2 | 4 | 5}.${number}.${number}`;

/** One SMTP reply (RFC 5321 §4.2): its code, the enhanced status where one was sent, and the text of each line. */
export type Reply = {
  readonly code: number;
  readonly enhanced: EnhancedStatus | undefined;
  readonly lines: readonly string[];
};

/** Reads an enhanced status at the start of reply text; `undefined` where the server sent none. */
export function parseEnhancedStatus(text: string): EnhancedStatus | undefined {
  const match = /^([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)/.exec(text);
  return match === null ? undefined : (match[0] as EnhancedStatus);
}

/** The reply on one line, as logs and classification see it: code, then the text of its lines. */
export function replyText(reply: Reply): string {
  return `${reply.code} ${reply.lines.join(' ')}`.trim();
}

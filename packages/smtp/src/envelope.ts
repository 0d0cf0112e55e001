import type { EnhancedStatus, Reply } from '@mxflow/domain';

import type { Capabilities } from './capabilities.ts';
import type { MessageFacts } from './dialog-state.ts';

/** Longer than any mailbox of RFC 5321 §4.5.3.1, with room for what a VERP return-path adds. */
const MAX_PATH_LENGTH = 320;
// oxlint-disable-next-line no-control-regex -- US-ASCII is what is meant
const ASCII = /^[\x00-\x7f]*$/;
/** Quoted strings, and between them nothing that could end a path or its line (RFC 5321 §4.1.2). */
const PATH = /^(?:"(?:[^"\\\p{Cc}]|\\[^\p{Cc}])*"|[^"<>\s\p{Cc}])+$/u;

/** `MAIL FROM` with the parameters that the message needs and the server offers. */
export function mailCommand(message: MessageFacts, offers: Capabilities): string {
  const parameters = [`MAIL FROM:<${message.reversePath ?? ''}>`];
  const { content } = message;
  if (content !== undefined && offers.size) parameters.push(`SIZE=${content.sizeOctets}`);
  if (content?.sevenBit === false && offers.eightBitMime) parameters.push('BODY=8BITMIME');
  if (needsSmtpUtf8(message)) parameters.push('SMTPUTF8');
  return `${parameters.join(' ')}\r\n`;
}

/** `RCPT TO`, without parameters. */
export function rcptCommand(message: MessageFacts): string {
  return `RCPT TO:<${message.forwardPath}>\r\n`;
}

/** The refusal that we owe a message before it costs the server a MAIL; `undefined` where it may go. */
export function refuseLocally(message: MessageFacts, offers: Capabilities): Reply | undefined {
  if (message.reversePath !== null && !isPath(message.reversePath))
    return refusal(553, '5.1.7', 'Malformed reverse-path');
  if (!isPath(message.forwardPath)) return refusal(553, '5.1.3', 'Malformed forward-path');
  if (needsSmtpUtf8(message) && !offers.smtpUtf8) return refusal(553, '5.6.7', 'Next hop does not offer SMTPUTF8');
  const { content } = message;
  if (content === undefined) return undefined;
  if (!content.sevenBit && !offers.eightBitMime) return refusal(554, '5.6.3', 'Next hop does not offer 8BITMIME');
  if (offers.sizeOctets !== undefined && content.sizeOctets > offers.sizeOctets) {
    return refusal(
      552,
      '5.3.4',
      `Message of ${content.sizeOctets} octets exceeds what next hop takes, ${offers.sizeOctets}`,
    );
  }
  return undefined;
}

function needsSmtpUtf8({ smtpUtf8, reversePath, forwardPath }: MessageFacts): boolean {
  return smtpUtf8 || !ASCII.test(forwardPath) || !ASCII.test(reversePath ?? '');
}

function isPath(path: string): boolean {
  return path.length <= MAX_PATH_LENGTH && PATH.test(path);
}

function refusal(code: number, enhanced: EnhancedStatus, text: string): Reply {
  return { code, enhanced, lines: [`${enhanced} ${text}`] };
}

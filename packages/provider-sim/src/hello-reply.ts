import type { Behaviour } from './behaviour.ts';
import { reply, type Answer } from './answer.ts';

const DEFAULT_SIZE_OCTETS = 36_700_160;

/** The longest content that is taken (RFC 1870). */
export function sizeLimitOf(behaviour: Behaviour): number {
  return behaviour.extensions?.sizeOctets ?? DEFAULT_SIZE_OCTETS;
}

/** The answer to EHLO or HELO: what this server offers at this moment. */
export function helloReply(
  behaviour: Behaviour,
  verb: 'EHLO' | 'HELO',
  at: { readonly host: string; readonly secure: boolean },
): Answer {
  const { host, secure } = at;
  const { extensions = {}, tls = 'none' } = behaviour;
  if (verb === 'HELO') return reply(250, [host]);
  if (extensions.ehlo === false) return reply(502, ['5.5.1 Error: command not implemented']);
  const offered: readonly (readonly [keyword: string, offered: boolean])[] = [
    ['PIPELINING', extensions.pipelining !== false],
    [`SIZE ${sizeLimitOf(behaviour)}`, true],
    ['STARTTLS', tls !== 'none' && !secure],
    ['ENHANCEDSTATUSCODES', extensions.enhancedStatusCodes !== false],
    ['8BITMIME', extensions.eightBitMime !== false],
    ['SMTPUTF8', extensions.smtpUtf8 !== false],
    ['CHUNKING', extensions.chunking === true],
  ];
  return reply(250, [host, ...offered.filter(([, yes]) => yes).map(([keyword]) => keyword)]);
}

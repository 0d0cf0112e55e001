import type { MessageId } from '@mxflow/domain';

import { octets } from '../../../packages/bounce/test/mail-shapes.ts';
import { GATEWAY_MAILS } from '../../../packages/bounce/test/mails-gateways.ts';
import { LANGUAGE_MAILS } from '../../../packages/bounce/test/mails-languages.ts';
import { MORE_MAILS } from '../../../packages/bounce/test/mails-more.ts';
import { OTHER_MAILS } from '../../../packages/bounce/test/mails-no-bounce.ts';
import { PROVIDER_MAILS } from '../../../packages/bounce/test/mails-providers.ts';
import { UNIX_MAILS } from '../../../packages/bounce/test/mails-unix.ts';
import { dsn, sealsOf } from './reports.ts';

const SAMPLES = [UNIX_MAILS, GATEWAY_MAILS, PROVIDER_MAILS, MORE_MAILS, LANGUAGE_MAILS, OTHER_MAILS].flat();

/** Mails that are nobody's bounce: those that rules are tested with, and what servers and clients like to get wrong. */
export const MAILS: readonly Uint8Array[] = [
  Buffer.from('Subject: dots\r\n\r\n.\r\n..\r\n.a dot\r\n...\r\nand more\r\n'),
  Buffer.from(
    'Subject: d\xe9j\xe0 vu\n\nno line ends as it should, and \xff\xfe is no UTF-8\n.\nbut this one\n',
    'latin1',
  ),
  Buffer.from('Subject: no end of the last line\r\n\r\nhere'),
  Buffer.from('Subject: long\r\n\r\n' + 'x'.repeat(100_000) + '\r\n'),
  Buffer.from('Subject: a header alone\r\n'),
  Buffer.alloc(0),
  ...SAMPLES.map(({ mail }) => octets(mail)),
];

export const TOO_LARGE = Buffer.alloc(300_000, 'too large\r\n');

/** A bounce of each message. */
export function bouncesOf(ids: readonly MessageId[]): readonly Uint8Array[] {
  const seals = sealsOf();
  return ids.map((id, at) =>
    Buffer.from(`Delivered-To: ${seals.returnPath(id)}\r\n${dsn({ recipient: `r${at}@example.net` })}`),
  );
}

/** How a server gives a mail out: every line ends with CRLF, by POP3 the last one too (RFC 1939 §3). */
export function asServed(mail: Uint8Array, scheme: 'pop3s' | 'imaps'): string {
  const text = Buffer.from(mail).toString('latin1').replaceAll(/\r?\n/g, '\r\n');
  return scheme === 'imaps' || text.endsWith('\r\n') ? text : `${text}\r\n`;
}

import { GATEWAY_MAILS } from './mails-gateways.ts';
import { LANGUAGE_MAILS } from './mails-languages.ts';
import { LIST_MAILS } from './mails-lists.ts';
import { MORE_MAILS } from './mails-more.ts';
import { OTHER_MAILS } from './mails-no-bounce.ts';
import { PROVIDER_MAILS } from './mails-providers.ts';
import { UNIX_MAILS, type OwnMail } from './mails-unix.ts';

/** Mails of our own making: of every family and language that is claimed to be understood. */
export const OWN_MAILS: readonly OwnMail[] = [
  ...UNIX_MAILS,
  ...GATEWAY_MAILS,
  ...PROVIDER_MAILS,
  ...MORE_MAILS,
  ...LIST_MAILS,
  ...LANGUAGE_MAILS,
  ...OTHER_MAILS,
];

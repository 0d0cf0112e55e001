import type { Logger } from '@mxflow/telemetry';

import type { RuleBook } from './shaping/rule-book.ts';

export type RuleFollower = {
  readonly book: Pick<RuleBook, 'version' | 'refresh'>;
  /** Goes by the rules in the book, with all that is open. */
  readonly apply: () => Promise<void>;
  readonly logger: Logger;
};

/**
 * Reads changed rules and goes by them at once. One change at a time. One that could not be gone by is tried again when
 * asked next: connections that are not counted where the new rules count them would leave room for as many more.
 *
 * @returns asks; `version`: the one in force, where it is known. Never rejects.
 */
export function createRuleFollower({ book, apply, logger }: RuleFollower): (version?: number) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let followed = book.version;
  const follow = async (version?: number): Promise<void> => {
    if (version === followed) return;
    await book.refresh(version);
    const { version: found } = book;
    if (found === followed) return;
    logger.info({ version: found }, 'MX rules changed');
    await apply();
    followed = found;
  };
  return (version) => {
    last = last
      .then(() => follow(version))
      .catch((err: unknown) => logger.warn({ err }, 'following the MX rules failed, trying again'));
    return last;
  };
}

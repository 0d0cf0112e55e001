import { InvalidArgumentError } from 'commander';

/** A whole number as it is typed: of days, of a version. */
export function wholeNumber(typed: string): number {
  if (!/^\d{1,15}$/.test(typed)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(typed);
}

/** A number as it is typed: a share in percent. */
export function decimalNumber(typed: string): number {
  if (!/^\d+(?:\.\d+)?$/.test(typed)) throw new InvalidArgumentError('Expected a number.');
  return Number(typed);
}

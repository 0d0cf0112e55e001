import type { Command } from 'commander';

import { ApiError } from './api-client.ts';

/** Which addresses, as the command line names them. */
export type FilterOptions = {
  readonly status?: string;
  readonly domain?: string;
  readonly reason?: string;
  readonly rule?: string;
  readonly site?: string;
  readonly provider?: string;
  readonly text?: string;
  readonly from?: string;
  readonly to?: string;
};

/** All sites of a provider, which may give each customer hosts of its own. */
export const PROVIDER = ['--provider <domain>', 'all sites whose MX hosts lie under a domain: outlook.com'] as const;

/** Options of a filter over addresses. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--status <status>', 'valid, with-errors, quarantined, denylisted, allow-listed')
    .option('--domain <domain>', 'of the address')
    .option('--reason <reason>', 'user-unknown, mailbox-full, …')
    .option('--rule <id>', 'the bounce rule that decided')
    .option('--site <site>', 'number of a site, or one of its domains')
    .option(...PROVIDER)
    .option('--text <words>', 'anywhere in the text that was seen')
    .option('--from <instant>', 'first instant: 2026-01-31, or 2026-01-31T08:30, in UTC')
    .option('--to <instant>', 'first instant behind the last');
}

/** The filter as the API takes it. */
export function filterQuery({ from, to, ...same }: FilterOptions): Record<string, string> {
  return {
    ...same,
    ...(from === undefined ? {} : { from: instantOf(from) }),
    ...(to === undefined ? {} : { to: instantOf(to) }),
  };
}

/** A date is the beginning of that day; where no zone is named, it is UTC. */
export function instantOf(text: string): string {
  const at = new Date(/^\d{4}-\d\d-\d\dT[\d:.]+$/.test(text) ? `${text}Z` : text);
  if (Number.isNaN(at.getTime())) throw new ApiError(`expected a date such as 2026-01-31, found ${text}`);
  return at.toISOString();
}

import type { Meter } from '@opentelemetry/api';

import { instruments } from './instruments.ts';

export type SiteMetrics = ReturnType<typeof siteMetrics>;

/** What becomes of messages at the sites with the most errors: a few at a time, each named by one of its domains. */
export function siteMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    recent: make.openMeasured<{
      readonly site: string;
      readonly what: 'messages' | 'dead-addresses' | 'refusals';
    }>('mxflow_site_recent', 'Messages, errors about addresses and failures of the site itself, over an hour or two'),
  };
}

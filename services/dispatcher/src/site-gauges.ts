import { listFailingMost, type Database, type SiteFigures } from '@mxflow/db';
import type { ProcessContext } from '@mxflow/process';
import { siteMetrics } from '@mxflow/telemetry';

const EVERY_MS = 10_000;
/** Sites that are shown: as many lines as anybody can tell apart. */
const SHOWN = 20;

/** Shows operators the sites with the most errors. Ends with what is returned. */
export function startSiteGauges(database: Database, { meter, every }: ProcessContext): AsyncDisposable {
  const { recent } = siteMetrics(meter);
  let shown: readonly string[] = [];
  const show = ({ site, messages, deadAddresses, refusals }: SiteFigures): void => {
    recent.record(messages, { site, what: 'messages' });
    recent.record(deadAddresses, { site, what: 'dead-addresses' });
    recent.record(refusals, { site, what: 'refusals' });
  };
  const look = async (): Promise<void> => {
    const found = await listFailingMost(database, SHOWN);
    // A gauge keeps its last value otherwise.
    for (const site of shown) show({ site, messages: 0, deadAddresses: 0, refusals: 0 });
    for (const figures of found) show(figures);
    shown = found.map(({ site }) => site);
  };
  return every(EVERY_MS, look, { name: 'site-gauges' });
}

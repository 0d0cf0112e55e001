import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { bounces } from './bounces.ts';
import { mxRules } from './mx-rules.ts';
import { overview } from './overview.ts';
import { ruleSets } from './rule-sets.ts';

export type DashboardFile = { readonly name: string; readonly dashboard: Dashboard; readonly text: string };

/** Every dashboard, and the file that Grafana is given. */
export function dashboardFiles(): readonly DashboardFile[] {
  const all = {
    'overview.json': overview(),
    'mx-rules.json': mxRules(),
    'bounces.json': bounces(),
    'rule-sets.json': ruleSets(),
  };
  return Object.entries(all).map(([name, dashboard]) => {
    numberPanels(dashboard);
    return { name, dashboard, text: `${JSON.stringify(dashboard, null, 2)}\n` };
  });
}

/** Links to a panel go by its number. */
function numberPanels({ panels = [] }: Dashboard): void {
  for (const [index, panel] of panels.entries()) panel.id = index + 1;
}

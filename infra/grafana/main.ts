import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { dashboardFiles } from './dashboard-files.ts';

/** Writes the dashboards as Grafana reads them; what stands in `dashboards` is never edited by hand. */
const folder = join(import.meta.dirname, 'dashboards');
mkdirSync(folder, { recursive: true });
for (const { name, text } of dashboardFiles()) writeFileSync(join(folder, name), text);

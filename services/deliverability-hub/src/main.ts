import { runProcess } from '@mxflow/process';

import { HUB_SETTINGS } from './config.ts';
import { startHub } from './service.ts';

await runProcess({ name: 'deliverability-hub', settings: HUB_SETTINGS, start: startHub });

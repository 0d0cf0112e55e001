import { runProcess } from '@mxflow/process';

import { SYNC_SETTINGS } from './config.ts';
import { startSync } from './service.ts';

await runProcess({ name: 'deliverability-sync', settings: SYNC_SETTINGS, start: startSync });

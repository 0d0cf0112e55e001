import { runProcess } from '@mxflow/process';
import { BOUNCE_SETTINGS } from './config.ts';
import { startBounceProcessor } from './service.ts';

await runProcess({ name: 'bounce-processor', settings: BOUNCE_SETTINGS, start: startBounceProcessor });

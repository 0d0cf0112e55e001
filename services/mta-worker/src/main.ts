import { runProcess } from '@mxflow/process';
import { WORKER_SETTINGS } from './config.ts';
import { startWorker } from './service.ts';

await runProcess({ name: 'mta-worker', settings: WORKER_SETTINGS, start: startWorker });

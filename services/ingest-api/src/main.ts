import { runProcess } from '@mxflow/process';

import { INGEST_SETTINGS } from './config.ts';
import { startIngest } from './service.ts';

await runProcess({ name: 'ingest-api', settings: INGEST_SETTINGS, start: startIngest });

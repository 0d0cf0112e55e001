import { runProcess } from '@mxflow/process';

import { DISPATCHER_SETTINGS } from './config.ts';
import { startDispatcher } from './service.ts';

await runProcess({ name: 'dispatcher', settings: DISPATCHER_SETTINGS, start: startDispatcher });

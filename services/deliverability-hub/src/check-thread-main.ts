import { parentPort, workerData } from 'node:worker_threads';

import { faultsOfContent } from '@mxflow/rule-set';

// One check a thread: what it is given is the content of a draft, as JSON.
parentPort?.postMessage(faultsOfContent(JSON.parse(String(workerData))), []);

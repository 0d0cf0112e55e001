import { parentPort, workerData } from 'node:worker_threads';

import { openRuleSet, readTrustedKey } from '@mxflow/rule-set';

import type { OpenQuestion } from './open-in-thread.ts';

// One rule set a thread, as it came from the source.
const { octets, publicKeys } = workerData as OpenQuestion;
const keys = await Promise.all(publicKeys.map(readTrustedKey));
const opened = await openRuleSet(
  octets,
  keys.filter((key) => key !== undefined),
);
parentPort?.postMessage(opened, []);

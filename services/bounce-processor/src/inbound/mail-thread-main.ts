import { parentPort } from 'node:worker_threads';

import { compileRules, type CompiledRules } from '@mxflow/bounce';

import type { ThreadAnswer, ThreadOrder } from './mail-thread.ts';
import { readMail } from './read-mail.ts';

let rules: CompiledRules = compileRules([]);

parentPort?.on('message', (order: ThreadOrder) => parentPort?.postMessage(follow(order), []));

function follow(order: ThreadOrder): ThreadAnswer {
  switch (order.kind) {
    case 'rules':
      rules = compileRules(order.rules);
      return { kind: 'ready' };
    case 'mail':
      return { kind: 'read', mail: readMail(order.raw, rules) };
  }
}

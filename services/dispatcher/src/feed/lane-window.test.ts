import type { RuleSet } from '@mxflow/db';
import type { MxRule } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { laneWindow } from './lane-window.ts';

const rule = (id: string, shared: boolean, messagesPerHour: number, publicIds = ''): MxRule => ({
  id,
  mask: `*.${id}.example`,
  publicIds,
  shared,
  limits: { normal: { maxConnections: 5, maxMessagesPerConnection: 20, messagesPerHour } },
  connectTimeoutSeconds: 10,
  dataTimeoutSeconds: 240,
  timeoutSeconds: 60,
  tls: 'default',
  origin: 'bundled',
});
const ruleSet: RuleSet = {
  version: 1,
  level: 'normal',
  rules: [rule('fast', true, 60_000), rule('slow', true, 600), rule('open', false, 600), rule('one', true, 600, '1')],
  domainRules: [],
  sources: [],
};
const liveSources = [
  { publicId: 1, pools: ['news'] },
  { publicId: 2, pools: ['news', 'bulk'] },
];

test.for<[title: string, pool: string, rule: string, window: number]>([
  ['a minute of all its sources', 'bulk', 'fast', 1000],
  ['and never more than the longest', 'news', 'fast', 2000],
  ['at least fifty', 'news', 'slow', 50],
  ['the longest where each MX IP counts alone', 'news', 'open', 2000],
  ['the longest where another rule holds for one of the sources', 'news', 'one', 2000],
  ['nothing where no worker has a source of the pool', 'other', 'fast', 0],
])('%s', ([, pool, ruleId, window]) => {
  expect(laneWindow({ ruleSet, liveSources }, { pool, rule: ruleId }, 2000)).toBe(window);
});

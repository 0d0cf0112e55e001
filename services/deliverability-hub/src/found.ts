import { foundHub, type Database } from '@mxflow/db';
import { bundledRuleSet } from '@mxflow/rule-set';

import { documentWriter } from './document.ts';

/** Publishes the rules that come with mxflow as version 1 of a hub that has none; true where this call did it. */
export async function foundByBundledRules(database: Database): Promise<boolean> {
  const content = bundledRuleSet();
  const note = 'The rules that come with mxflow';
  return await foundHub(database, { content: JSON.stringify(content), note, write: documentWriter(content, note) });
}

import type { RuleSetContent } from '@mxflow/contracts';
import { foundHub, type Database } from '@mxflow/db';

import { documentWriter } from './document.ts';

/** Publishes the first rule set of a hub that has none; true where this call did it. */
export async function foundBy(database: Database, content: RuleSetContent): Promise<boolean> {
  const note = 'The rules that come with mxflow';
  return await foundHub(database, { content: JSON.stringify(content), note, write: documentWriter(content, note) });
}

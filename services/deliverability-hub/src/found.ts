import { RULE_SET_FORMAT, type RuleSetContent, type RuleSetDocument } from '@mxflow/contracts';
import { foundHub, type Database, type DocumentWriter } from '@mxflow/db';
import { bundledRuleSet } from '@mxflow/rule-set';

/** Writes the document of a version: what is signed, and never changed again. */
export function documentWriter(content: RuleSetContent, note: string): DocumentWriter {
  return (version, publishedAt) => {
    const document: RuleSetDocument = {
      format: RULE_SET_FORMAT,
      version,
      publishedAt: publishedAt.toISOString(),
      note,
      ...content,
    };
    return JSON.stringify(document);
  };
}

/** Publishes the rules that come with mxflow as version 1 of a hub that has none; true where this call did it. */
export async function foundByBundledRules(database: Database): Promise<boolean> {
  const content = bundledRuleSet();
  const note = 'The rules that come with mxflow';
  return await foundHub(database, { content: JSON.stringify(content), note, write: documentWriter(content, note) });
}

import { RULE_SET_FORMAT, type RuleSetContent, type RuleSetDocument } from '@mxflow/contracts';
import type { DocumentWriter } from '@mxflow/db';

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

/** The content of a document, as a draft has it. */
export function contentOf(document: string): RuleSetContent {
  const {
    format: _format,
    version: _version,
    publishedAt: _at,
    note: _note,
    ...content
  } = JSON.parse(document) as RuleSetDocument;
  return content;
}

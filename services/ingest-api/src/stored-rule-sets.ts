import { RuleSetDocument, type RuleSetDiff } from '@mxflow/contracts';
import { readVersion, type Database, type SoundRuleSet, type VersionChange } from '@mxflow/db';
import { ProblemError } from '@mxflow/http-api';
import { compareRulesInForce, rulesOf } from '@mxflow/rule-set';
import { Compile } from 'typebox/compile';

const isDocument = Compile(RuleSetDocument);

/** A version that was pulled, as it was signed. */
export async function documentOf(database: Database, version: number): Promise<RuleSetDocument> {
  const document = await readVersion(database, version);
  if (document === undefined) throw new ProblemError('not-found', { detail: `version ${version} is not kept here` });
  // What an earlier mxflow took may be of a form that this one does not read.
  if (isDocument.Check(document)) return document;
  throw new ProblemError('wrong-state', {
    detail: `version ${version} is of a form that this mxflow does not read: once all are forgotten (mxflow sync forget), the next is pulled`,
  });
}

/** The same, ready to be put in force; undefined stands for the rules that came with mxflow. */
export async function soundSetOf(database: Database, version: number | null): Promise<SoundRuleSet | undefined> {
  return version === null ? undefined : { version, rules: rulesOf(await documentOf(database, version)) };
}

export type ToldChange = { readonly dryRun: boolean; readonly diff: RuleSetDiff };

/** How changes of the rules in force are told. */
export function changeTerms(dryRun = false): {
  readonly dryRun: boolean;
  readonly compare: typeof compareRulesInForce;
} {
  return { dryRun, compare: compareRulesInForce };
}

/** What a change did, or would do; ends the request where it was not made. */
export function toldChange(change: VersionChange, dryRun = false): ToldChange {
  switch (change.kind) {
    case 'done':
      // As `compareRulesInForce` made it.
      return { dryRun, diff: change.diff as RuleSetDiff };
    case 'custom':
      throw new ProblemError('wrong-state', {
        detail: 'at Custom no rule set is followed: choose another level, or let bounce rules still be pulled',
      });
    case 'moved-on':
      throw new ProblemError('wrong-state', { detail: 'another version was pulled meanwhile: look at it again' });
  }
}

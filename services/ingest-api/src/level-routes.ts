import { LevelBody, LevelChange, LevelPut } from '@mxflow/contracts';
import { leaveCustom, readRuleSet, readSyncState, setLevel, targetVersion } from '@mxflow/db';
import { problemsOf } from '@mxflow/http-api';

import type { Api, ApiParts } from './api.ts';
import { changeTerms, soundSetOf, toldChange } from './stored-rule-sets.ts';

/** The instance's level: which column of limits is in force, and whether a rule set is followed at all. */
export function addLevelRoutes(api: Api, { database }: ApiParts): void {
  api.route({
    config: { scope: 'rules:read' },
    method: 'GET',
    url: '/v1/level',
    schema: {
      tags: ['level'],
      summary: 'The level in force',
      response: { 200: LevelBody, ...problemsOf(401, 403, 503) },
    },
    handler: async () => ({ level: (await readRuleSet(database)).level }),
  });
  api.route({
    config: { scope: 'rules:write' },
    method: 'PUT',
    url: '/v1/level',
    schema: {
      tags: ['level'],
      summary:
        'Change the level on every worker; Custom begins with the figures in force, and where it ends the rule set holds again',
      body: LevelPut,
      response: { 200: LevelChange, ...problemsOf(400, 401, 403, 409, 422, 503) },
    },
    handler: async ({ body: { level, dryRun = false } }) => {
      const state = await readSyncState(database);
      if (state.level !== 'custom' || level === 'custom') {
        if (!dryRun) await setLevel(database, level);
        return { level, dryRun };
      }
      const set = await soundSetOf(database, targetVersion(state));
      return { level, ...toldChange(await leaveCustom(database, { level, set }, changeTerms(dryRun)), dryRun) };
    },
  });
}

// Puts a list of MX rules, read from stdin as JSON, in place of the one in force: for stacks that are made for a purpose.
import { text } from 'node:stream/consumers';

import type { MxRule } from '@mxflow/domain';

import { openDatabase } from './database.ts';
import { replaceRules } from './mx-rule-edits.ts';

const databaseUrl = process.env['DATABASE_URL'];
if (databaseUrl === undefined) {
  process.stderr.write('expected DATABASE_URL to be set\n');
  process.exitCode = 2;
} else {
  await using database = openDatabase(databaseUrl, { poolSize: 1 });
  await replaceRules(database, JSON.parse(await text(process.stdin)) as readonly MxRule[]);
}

// Issues the first key of an editor, which the hub cannot do for want of a key: printed once.
import { parseArgs } from 'node:util';

import { openDatabase } from './database.ts';
import { issueHubKey } from './hub-keys.ts';

const databaseUrl = process.env['DATABASE_URL'];
const { values, positionals } = parseArgs({ options: { replace: { type: 'boolean' } }, allowPositionals: true });
const [name, role = 'editor'] = positionals;
if (databaseUrl === undefined || name === undefined || (role !== 'editor' && role !== 'client')) {
  process.stderr.write('expected DATABASE_URL to be set, and the arguments [--replace] NAME [editor|client]\n');
  process.exitCode = 2;
} else {
  await using database = openDatabase(databaseUrl, { poolSize: 1 });
  const issued = await issueHubKey(database, { name, role, replace: values.replace ?? false });
  if (issued === undefined) {
    process.stderr.write(`a key named ${name} is in force: --replace revokes it\n`);
    process.exitCode = 1;
  } else {
    process.stdout.write(`${issued.key}\n`);
  }
}

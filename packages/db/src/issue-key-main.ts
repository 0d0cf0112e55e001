// Issues the first key of a tenant, which the API cannot do for want of a key: every scope, printed once.
import { issueApiKey, SCOPES } from './api-keys.ts';
import { openDatabase } from './database.ts';

const databaseUrl = process.env['DATABASE_URL'];
const [tenant, name = 'first key'] = process.argv.slice(2);
if (databaseUrl === undefined || tenant === undefined) {
  process.stderr.write('expected DATABASE_URL to be set, and the arguments TENANT [NAME OF THE KEY]\n');
  process.exitCode = 2;
} else {
  await using database = openDatabase(databaseUrl, { poolSize: 1 });
  const { key } = await issueApiKey(database, { tenant, name, scopes: SCOPES });
  process.stdout.write(`${key}\n`);
}

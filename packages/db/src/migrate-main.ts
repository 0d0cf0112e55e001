// Applies migrations, loads the bundled rules into a database that has none, and ends: what a deployment runs before it
// starts or upgrades services.
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { seedDomainRules } from './domain-rules.ts';
import { loadBundledRules } from './mx-rule-edits.ts';
import { loadBundledPolicies } from './policies.ts';

const databaseUrl = process.env['DATABASE_URL'];
if (databaseUrl === undefined) {
  process.stderr.write('DATABASE_URL is not set: expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE\n');
  process.exitCode = 2;
} else {
  const applied = await migrate(databaseUrl);
  process.stdout.write(applied.length === 0 ? 'schema is up to date\n' : `applied ${applied.join(', ')}\n`);
  await using database = openDatabase(databaseUrl, { poolSize: 1, name: 'migrate' });
  if (await loadBundledRules(database)) process.stdout.write('loaded the bundled MX rules\n');
  await seedDomainRules(database);
  await loadBundledPolicies(database);
  // The engine leaves a timer of ten seconds behind (its lock's time-out), and nothing is left to wait for.
  process.exit();
}

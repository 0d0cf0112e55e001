import { openStateFolder, startPostgres } from '../servers/index.ts';
import { identify } from '../servers/process-identity.ts';

// Started by servers.test.ts, to be ended by a signal that it does not handle.
const folder = openStateFolder();
const postgres = await startPostgres({ folder, durability: 'process-death' });
process.stdout.write(`${JSON.stringify({ folder: folder.path, server: identify(postgres.pid()) })}\n`);
setInterval(() => {}, 60_000);

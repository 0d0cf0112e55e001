import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** In package.json of the root, but for `types`, which every package has. turbo.json says what each depends on. */
const tasks = ['types', 'lint', 'imports', 'unused', 'formatted'];

// All of them, so that one run shows every fault; what did not change since it last passed is not run again.
const turbo = spawn('turbo', ['run', ...tasks, '--continue', '--concurrency=3', '--output-logs=new-only'], {
  stdio: 'inherit',
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
});
await once(turbo, 'exit');
process.exitCode = turbo.exitCode ?? 1;

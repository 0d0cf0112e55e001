import { ApiError } from './api-client.ts';
import { TROUBLE } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { InputError } from './read-input.ts';

process.stdout.once('error', endQuietly);
try {
  await createProgram().parseAsync();
} catch (error) {
  if (!(error instanceof ApiError) && !(error instanceof InputError)) throw error;
  process.stderr.write(`mxflow: ${error.message}\n`);
  process.exitCode = TROUBLE;
}

/** Whoever reads what is printed may have read enough (`| head`): that is no error. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

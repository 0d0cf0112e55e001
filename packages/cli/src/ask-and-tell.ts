import { ask, type Request } from './api-client.ts';
import type { Context } from './job-commands.ts';

/** Asks for a change that is answered with nothing, and says to people that it is done: programs go by the exit code. */
export async function askAndTell(context: Context, request: Request, done: string): Promise<void> {
  await ask(context.access(), request);
  if (!context.json()) process.stdout.write(`${done}\n`);
}

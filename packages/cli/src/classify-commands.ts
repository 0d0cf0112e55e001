import type { Command } from 'commander';

import type { ClassifyOptions } from './classify-files.ts';
import type { Context } from './job-commands.ts';

/** Reads mails or replies as bounce-processor does: by the rules that the program brings, or by those in force. */
export function addClassifyCommand(program: Command, context: Context): void {
  program
    .command('classify')
    .description('what bounce mails or SMTP replies mean, by the default rules: a line of JSON per recipient')
    .argument('[file...]', 'mails, or folders of mails; - is standard input')
    .option('--reply', 'the files hold SMTP replies, one a line')
    .option('--in-force', 'by the rules of the instance, which the API is asked for')
    .action(async (files: readonly string[], options: ClassifyOptions) => {
      // Loaded here: all that reads mail and rules is half of what the whole command loads.
      const { classifyFiles } = await import('./classify-files.ts');
      await classifyFiles(context, files, options);
    });
}

import { Command, Option } from 'commander';

import { readAccess } from './access-options.ts';
import { addBounceRuleCommands } from './bounce-rule-commands.ts';
import { addClassifyCommand } from './classify-commands.ts';
import { addDomainRuleCommands } from './domain-rule-commands.ts';
import { TROUBLE } from './exit-codes.ts';
import { addFeedbackCommands } from './feedback-commands.ts';
import { addHubCommands } from './hub-commands.ts';
import { addInboundCommands } from './inbound-commands.ts';
import { addJobCommands, type Context } from './job-commands.ts';
import { addPolicyCommands } from './policy-commands.ts';
import { addUnmatchedCommands } from './unmatched-commands.ts';
import { addQuarantineCommands } from './quarantine-commands.ts';
import { addRuleCommands } from './rule-commands.ts';
import { addLevelCommands } from './level-commands.ts';
import { addSyncCommands } from './sync-commands.ts';
import { addSourceCommands } from './source-commands.ts';
import { addTenantCommands } from './tenant-commands.ts';
import { addWhyCommands } from './why-commands.ts';

const EXIT_CODES = `
Exit codes: 0 done; 1 done, and the answer is no (lint or validate found something, a sync failed, rows were faulty);
2 not done (wrong use, no access, refused by the API).`;

/** Every command of `mxflow`. */
export function createProgram(): Command {
  const program = new Command('mxflow')
    .description('what the HTTP API can do, from the command line')
    .addOption(new Option('--api <url>', 'base of the HTTP API').env('MXFLOW_API'))
    .addOption(new Option('--key <key>', 'API key').env('MXFLOW_API_KEY'))
    .addOption(
      new Option('--endpoints <file>', 'the file that npm start -- --endpoints writes').env('MXFLOW_ENDPOINTS'),
    )
    .option('--json', 'JSON instead of tables')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODES)
    .showHelpAfterError('(--help says what is expected)')
    .exitOverride(({ exitCode }) => {
      process.exit(exitCode === 0 ? 0 : TROUBLE);
    });

  const missing = { url: 'no API named: --api URL, MXFLOW_API', key: 'no API key: --key KEY, MXFLOW_API_KEY' };
  const context: Context = {
    access: () => readAccess({ program, owner: program, url: 'api', key: 'key', fileKey: 'apiKey', missing }),
    json: () => program.opts<{ json?: true }>().json === true,
  };

  addJobCommands(program, context);
  addTenantCommands(program, context);
  addWhyCommands(program, context);
  addRuleCommands(program, context);
  addLevelCommands(program, context);
  addSyncCommands(program, context);
  addSourceCommands(program, context);
  addDomainRuleCommands(program, context);
  addFeedbackCommands(program, context);
  addBounceRuleCommands(program, context);
  addPolicyCommands(program, context);
  addUnmatchedCommands(program, context);
  addQuarantineCommands(program, context);
  addInboundCommands(program, context);
  addHubCommands(program, context);
  addClassifyCommand(program, context);
  return program;
}

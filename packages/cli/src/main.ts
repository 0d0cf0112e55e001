import { Command } from 'commander';

import { ApiError, readAccess, type AccessOptions } from './api-client.ts';
import { fromCaller } from './caller-path.ts';
import { addBounceRuleCommands } from './bounce-rule-commands.ts';
import { addClassifyCommand } from './classify-commands.ts';
import { addDomainRuleCommands } from './domain-rule-commands.ts';
import { addFeedbackCommands } from './feedback-commands.ts';
import { addHubCommands } from './hub-commands.ts';
import { addInboundCommands } from './inbound-commands.ts';
import { addJobCommands, type Context } from './job-commands.ts';
import { addPolicyCommands } from './policy-commands.ts';
import { addUnmatchedCommands } from './unmatched-commands.ts';
import { addQuarantineCommands } from './quarantine-commands.ts';
import { InputError } from './read-input.ts';
import { addRuleCommands } from './rule-commands.ts';
import { addLevelCommands } from './level-commands.ts';
import { addSyncCommands } from './sync-commands.ts';
import { addSourceCommands } from './source-commands.ts';
import { addTenantCommands } from './tenant-commands.ts';
import { addWhyCommands } from './why-commands.ts';

const program = new Command('mxflow')
  .description('what the HTTP API can do, from the command line')
  .option('--api <url>', 'base of the HTTP API', process.env['MXFLOW_API'])
  .option('--key <key>', 'API key', process.env['MXFLOW_API_KEY'])
  .option('--endpoints <file>', 'the file that npm start -- --endpoints writes', process.env['MXFLOW_ENDPOINTS'])
  .option('--json', 'JSON instead of tables')
  .showHelpAfterError();

const context: Context = {
  access: () => {
    const { endpoints, ...options } = program.opts<AccessOptions>();
    return readAccess(endpoints === undefined ? options : { ...options, endpoints: fromCaller(endpoints) });
  },
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

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ApiError) && !(error instanceof InputError)) throw error;
  process.stderr.write(`mxflow: ${error.message}\n`);
  process.exitCode = 1;
}

export { issueApiKey, migrateDatabase } from './database-command.ts';
export { AMPLE, type RuleInBrief } from './stack-rules.ts';
export type { ServiceEvent, ServiceProcess } from './service-process.ts';
export { startStack, type RuleSetServices, type Stack, type StackEvent, type StackOptions } from './stack.ts';

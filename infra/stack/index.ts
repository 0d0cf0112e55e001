export { issueApiKey, type ApiKeyOrder } from './api-key.ts';
export type { ServiceEvent, ServiceProcess } from './service-process.ts';
export { startStack, type Stack, type StackEvent, type StackOptions } from './stack.ts';

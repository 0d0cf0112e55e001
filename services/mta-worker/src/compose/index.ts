export { compileJob, type CompiledJob, type CompileResult } from './compile-job.ts';
export type { ComposedMessage } from './compose-message.ts';
export type { DkimKey, Instance } from './instance.ts';

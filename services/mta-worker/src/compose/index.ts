export { compileJob, type CompiledJob, type CompileResult, type JobToCompile } from './compile-job.ts';
export type { ComposedMessage, MessageToCompose } from './compose-message.ts';
export type { DkimAlgorithm, DkimKey, Instance } from './instance.ts';

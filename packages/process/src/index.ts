export * from './backoff.ts';
export * from './health.ts';
export * from './periodic.ts';
export * from './process-settings.ts';
export * from './run.ts';
export * from './setting-kinds.ts';
export * from './settings-table.ts';
export * from './settings.ts';
export { open, seal, type SealPurpose } from './seal.ts';

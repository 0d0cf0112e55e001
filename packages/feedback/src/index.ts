export * from './default-rules.ts';
export * from './feedback-desk.ts';
export * from './match-feedback.ts';

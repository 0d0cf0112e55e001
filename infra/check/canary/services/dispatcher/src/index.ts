import { missing } from './missing.ts';

export const start = missing;

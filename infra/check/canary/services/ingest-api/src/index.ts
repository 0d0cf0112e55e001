import { start } from '../../dispatcher/src/index.ts';

export const both = [start];

import type { contract } from '../../contracts/src/index.ts';

export type Contract = typeof contract;

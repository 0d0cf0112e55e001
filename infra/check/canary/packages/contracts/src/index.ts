import { reach } from '../../domain/src/index.ts';

export const contract = { reach };

import { Type } from 'typebox';
import { expect, test } from 'vitest';

import { compileSchema } from './schema-faults.ts';

test('a value that may be of several kinds gets one fault, which names them all', () => {
  const faultsOf = compileSchema(
    Type.Object({ level: Type.Union([Type.Enum(['slow', 'fast']), Type.Null()]), days: Type.Integer({ minimum: 1 }) }),
  );
  expect(faultsOf({ level: 'custom', days: 0 })).toEqual([
    { pointer: '/level', expected: 'one of slow, fast, or null', found: '"custom"' },
    { pointer: '/days', expected: 'at least 1', found: '0' },
  ]);
  expect(faultsOf({ level: null, days: 1 })).toEqual([]);
});

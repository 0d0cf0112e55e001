import type { Command } from 'commander';
import { expect, test } from 'vitest';

import { createProgram } from '../src/program.ts';

type Named = { readonly name: string; readonly says: string };

/** Every command and option, with what its help says of it. */
function everything(command: Command, path = command.name()): readonly Named[] {
  return [
    { name: path, says: command.description() },
    ...command.options.map(({ flags, description }) => ({ name: `${path} ${flags}`, says: description })),
    ...command.commands.flatMap((each) => everything(each, `${path} ${each.name()}`)),
  ];
}

test('every command and every option says what it is for', () => {
  const all = everything(createProgram());
  expect(all.length).toBeGreaterThan(100);
  expect(all.filter(({ says }) => says === '').map(({ name }) => name)).toEqual([]);
});

import { statSync } from 'node:fs';

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What talks to servers first, the largest file first, pure tests last: what ends the run is short, so that no processor
 * is left over for long.
 */
export class RunOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const [servers, pure] = [files.filter((file) => !isPure(file)), files.filter(isPure)];
    return [...servers.toSorted(bySizeDescending), ...pure];
  }
}

/** Pure tests stand next to the code. */
function isPure({ moduleId }: TestSpecification): boolean {
  return moduleId.includes('/src/');
}

function bySizeDescending(one: TestSpecification, other: TestSpecification): number {
  return statSync(other.moduleId).size - statSync(one.moduleId).size;
}

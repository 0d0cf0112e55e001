import { statSync } from 'node:fs';

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Stories and the tests that talk to servers first, pure tests last: what ends the run is short, so that no processor
 * is left over for long. Stories are spread among the others, since two at once would load a small machine unevenly.
 */
export class RunOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const kinds = Map.groupBy(files.toSorted(bySizeDescending), ({ moduleId }) => kindOf(moduleId));
    const spread = ['story', 'servers'].flatMap((kind) => placed(kinds.get(kind as Kind) ?? []));
    return [
      ...spread.toSorted((one, other) => one.at - other.at).map(({ file }) => file),
      ...(kinds.get('pure') ?? []),
    ];
  }
}

type Kind = 'story' | 'servers' | 'pure';

function kindOf(file: string): Kind {
  if (file.includes('/infra/stories/')) return 'story';
  return file.includes('/src/') ? 'pure' : 'servers';
}

/** Each with its place between 0 and 1, at even distances. */
function placed(
  files: readonly TestSpecification[],
): readonly { readonly file: TestSpecification; readonly at: number }[] {
  return files.map((file, index) => ({ file, at: index / files.length }));
}

function bySizeDescending(one: TestSpecification, other: TestSpecification): number {
  return statSync(other.moduleId).size - statSync(one.moduleId).size;
}

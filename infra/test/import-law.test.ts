import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const canary = join(root, 'infra', 'check', 'canary');

type Cruise = {
  readonly summary: { readonly violations: readonly { from: string; to: string; rule: { name: string } }[] };
};

/** Breaches that stand in the canary's folder, which looks like the project from inside. */
const breaches = [
  'contracts-know-only-types-of-the-domain: packages/contracts/src/index.ts → packages/domain/src/index.ts',
  'domain-is-pure: packages/domain/src/index.ts → fs',
  'everything-resolves: services/dispatcher/src/index.ts → ./missing.ts',
  'no-service-imports-another: services/ingest-api/src/index.ts → services/dispatcher/src/index.ts',
  'nobody-imports-a-service: packages/messaging/src/index.ts → services/dispatcher/src/index.ts',
  'packages-messaging: packages/messaging/src/index.ts → services/dispatcher/src/index.ts',
  'packages-smtp: packages/smtp/src/index.ts → packages/contracts/src/index.ts',
];

test('the import law reports every breach in TypeScript: types, dynamic imports, files with `await using`', () => {
  expect(breachesIn(canary, ['packages', 'services'])).toEqual(breaches);
});

function breachesIn(folder: string, parts: readonly string[]): readonly string[] {
  const argv = ['--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', ...parts];
  const output = execFileSync(join(root, 'node_modules', '.bin', 'depcruise'), argv, { cwd: folder, encoding: 'utf8' });
  const { violations } = (JSON.parse(output) as Cruise).summary;
  return violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`).toSorted();
}

test('the import law sees through the name of a package to its folder', () => {
  const argv = ['--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', 'packages/contracts/src'];
  const output = execFileSync(join(root, 'node_modules', '.bin', 'depcruise'), argv, { cwd: root, encoding: 'utf8' });
  expect(output).toContain('packages/domain/src/index.ts');
});

import { benchCancel } from './cancel.ts';
import { benchClassify } from './classify.ts';
import { benchDeliver } from './deliver.ts';
import { benchFairness } from './fairness.ts';
import { benchIngest } from './ingest.ts';
import { benchShaping } from './shaping.ts';
import { benchSmallSites } from './small-sites.ts';
import { benchSync } from './sync.ts';

const BENCHES: Readonly<Record<string, (argv: readonly string[]) => Promise<void>>> = {
  ingest: benchIngest,
  deliver: benchDeliver,
  fairness: benchFairness,
  cancel: benchCancel,
  shaping: benchShaping,
  'small-sites': benchSmallSites,
  classify: benchClassify,
  sync: benchSync,
};

const [name = '', ...argv] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  process.stderr.write(`npm run bench -- NAME\n\n  NAME: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await bench(argv);
}

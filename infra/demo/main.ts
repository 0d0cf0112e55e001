import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { DEMO_SEED, demoProviders, demoRecipients, startProviders } from '@mxflow/provider-sim';

import { startStack } from '../stack/index.ts';
import { checkAgreement } from './agreement.ts';
import { openCampaign, SAMPLE_JOB } from './campaign.ts';
import { DEMO_RULES, makeReport, readSeen, renderReport } from './demo-report.ts';
import { createProgress } from './progress.ts';

const USAGE = `npm run demo -- [--report FILE] [--workers N]

  --report FILE  write the result as JSON
  --workers N    mta-workers to run (default 2)
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

try {
  if (process.argv.includes('--help')) process.stdout.write(USAGE);
  else process.exitCode = await runDemo(readArguments());
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

type DemoArguments = { readonly reportFile: string | undefined; readonly workers: number };

function readArguments(): DemoArguments {
  const { values } = parseArgs({
    options: { report: { type: 'string' }, workers: { type: 'string', default: '2' } },
  });
  const workers = Number(values.workers);
  if (!Number.isInteger(workers) || workers < 1 || workers > 8) throw new Error(`--workers: 1 to 8\n\n${USAGE}`);
  // npm runs its scripts in the project's folder and leaves the caller's own in INIT_CWD.
  const from = process.env['INIT_CWD'] ?? process.cwd();
  return { reportFile: values.report === undefined ? undefined : resolve(from, values.report), workers };
}

async function runDemo({ reportFile, workers }: DemoArguments): Promise<number> {
  await using resources = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'mxflow-demo-'));
  resources.defer(() => rmSync(folder, { recursive: true, force: true }));
  const interrupted = listenForInterrupt();

  const refereeFile = join(folder, 'referee.ndjson');
  say('starting 8 simulated mailbox providers, RabbitMQ, Postgres and the services');
  const sims = resources.use(await startProviders({ specs: demoProviders(), seed: DEMO_SEED, refereeFile }));
  const stack = resources.use(
    await startStack({
      workers,
      settings: {
        MXFLOW_DNS: sims.dnsAddress,
        MXFLOW_SMTP_PORT: String(sims.smtpPort),
        MXFLOW_PRIVATE_MX: sims.privateMx.join(','),
      },
      rules: DEMO_RULES,
      ruleSets: true,
    }),
  );
  const recipients = demoRecipients();
  say(`posting ${recipients.length} recipients to ${stack.api}/v1/jobs`);
  const startedMs = performance.now();
  const campaign = await openCampaign(stack, SAMPLE_JOB, recipients);
  const progress = createProgress(recipients.length, process.stderr);
  const job = await campaign.untilFinished({
    onProgress: (counts) => progress.show(counts),
    signal: interrupted,
    limitMs: 120_000,
  });
  progress.end();
  const durationSeconds = (performance.now() - startedMs) / 1000;

  const messages = await campaign.listMessages();
  sims.referee.flush();
  const disagreements = await checkAgreement(messages, refereeFile);
  const report = makeReport({ job, messages, durationSeconds, seen: await readSeen(refereeFile), disagreements });
  if (reportFile !== undefined) writeFileSync(reportFile, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(renderReport(report));
  return report.faults.length === 0 ? 0 : 1;
}

function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort(new Error(`interrupted by ${signal}`)));
  }
  return controller.signal;
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { prometheusBinary } from './binaries.ts';
import { freePorts } from './free-ports.ts';
import { startProgram, untilReady } from './program.ts';
import type { StateFolder } from './state-folder.ts';

/** A private Prometheus on a free loopback port. */
export type PrometheusServer = AsyncDisposable & { readonly url: string };

export type PrometheusOptions = {
  readonly folder: StateFolder;
  /** HOST:PORT of processes that serve `/metrics`, by job. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
  readonly scrapeSeconds: number;
  /** Its alerts; a file that cannot be read or understood keeps it from starting. */
  readonly ruleFile: string;
};

const readyWithinMs = 20_000;
const stopGraceMs = 2000;

export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const { folder } = options;
  const file = prometheusBinary();
  if (file === undefined) throw new Error('expected prometheus to be installed (Debian: apt-get install prometheus)');
  const home = join(folder.path, 'prometheus');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const configFile = join(home, 'prometheus.json');
  writeFileSync(configFile, configuration(options));
  const [port = 0] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const program = await startProgram({
    file,
    argv: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    env: { PATH: process.env['PATH'] },
    account: { kind: 'own' },
    folder,
    logFile: join(folder.path, 'prometheus.log'),
    stopSignal: 'SIGTERM',
  });
  const url = `http://${address}`;
  await untilReady('Prometheus', program, { isReady: () => answers(`${url}/-/ready`), withinMs: readyWithinMs });
  return { url, [Symbol.asyncDispose]: () => (folder.kept ? program.stop(stopGraceMs) : program.kill()) };
}

/** JSON, which is YAML too. */
function configuration({ targets, scrapeSeconds, ruleFile }: PrometheusOptions): string {
  return JSON.stringify({
    global: {
      scrape_interval: `${scrapeSeconds}s`,
      scrape_timeout: `${scrapeSeconds}s`,
      evaluation_interval: `${scrapeSeconds}s`,
    },
    rule_files: [ruleFile],
    scrape_configs: Object.entries(targets).map(([job, addresses]) => ({
      job_name: job,
      static_configs: [{ targets: addresses }],
    })),
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    // Not listening yet: asked again.
    return false;
  }
}

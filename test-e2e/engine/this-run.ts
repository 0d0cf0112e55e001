import Docker from 'dockerode';

/** What the runner tells its stories, through their environment. */
export type ThisRun = {
  readonly docker: Docker;
  readonly host: string;
  readonly compose: readonly [file: string, ...firstArguments: string[]];
  /** Every container, network and volume of the run has a name that begins so. */
  readonly prefix: string;
};

type Handover = Pick<ThisRun, 'host' | 'compose' | 'prefix'>;

const VARIABLE = 'MXFLOW_E2E_RUN';

export function environmentOf(run: Handover): Record<string, string> {
  const { host, compose, prefix } = run;
  return { DOCKER_HOST: host, [VARIABLE]: JSON.stringify({ host, compose, prefix }) };
}

export function thisRun(): ThisRun {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error('stories need their runner: npm run test:e2e');
  const handover = JSON.parse(text) as Handover;
  return { docker: dockerAt(handover.host), ...handover };
}

/** A client for an address as DOCKER_HOST has it. */
export function dockerAt(host: string): Docker {
  if (host.startsWith('unix://')) return new Docker({ socketPath: host.slice('unix://'.length) });
  const { hostname, port } = new URL(host);
  return new Docker({ host: hostname, port });
}

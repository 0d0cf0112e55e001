import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type Docker from 'dockerode';

import { command } from '../engine/command.ts';
import { VERSION, type ServiceName } from '../engine/service-images.ts';
import { projectRoot } from '../engine/state-folder.ts';
import type { ThisRun } from '../engine/this-run.ts';
import { execIn, logsOf, untilHealthy } from './container.ts';
import { publishedPort } from './providers-container.ts';
import type { StoryNetwork } from './story-network.ts';

/** The whole of docker-compose.yml, running on a story's network. Disposing removes it with its volumes. */
export type ComposeStack = AsyncDisposable & {
  readonly api: string;
  /** Of the tenant `default`, allowed everything. */
  readonly apiKey: string;
  /** Containers of a service, oldest first, those that have ended included. */
  containersOf(service: ServiceName | 'postgres' | 'rabbitmq'): Promise<readonly Docker.Container[]>;
  /** Brings a service to so many containers and waits until all of them are healthy. */
  scale(service: ServiceName, count: number): Promise<void>;
  /** The end of every container's log, to be read after a failure. */
  logs(): Promise<string>;
};

type Service = Parameters<ComposeStack['containersOf']>[0];

const HEALTHY_WITHIN_MS = 240_000;
const NAMES: readonly Service[] = [
  'postgres',
  'rabbitmq',
  'ingest-api',
  'dispatcher',
  'mta-worker',
  'bounce-processor',
  'deliverability-hub',
  'deliverability-sync',
];

export async function startComposeStack(
  run: ThisRun,
  place: { readonly project: string; readonly network: StoryNetwork },
  settings: Readonly<Record<string, string>>,
): Promise<ComposeStack> {
  const { docker } = run;
  const folder = mkdtempSync(join(tmpdir(), 'mxflow-e2e-'));
  const compose = composeIn(run, place.project, writeSettings(folder, place.network, settings));
  await using started = new AsyncDisposableStack();
  started.defer(() => rmSync(folder, { recursive: true, force: true }));
  started.defer(async () => void (await compose(['down', '--volumes', '--timeout', '5'])));
  const containersOf = async (service: Service): Promise<readonly Docker.Container[]> => {
    const label = [`com.docker.compose.project=${place.project}`, `com.docker.compose.service=${service}`];
    const found = await docker.listContainers({ all: true, filters: { label } });
    return found.toSorted((one, other) => one.Created - other.Created).map(({ Id }) => docker.getContainer(Id));
  };
  const logs = async (): Promise<string> => {
    const parts = await Promise.all(NAMES.map(async (name) => logsOfAll(docker, name, await containersOf(name))));
    return parts.flat().join('\n');
  };
  try {
    await compose(['up', '--detach', '--no-build']);
    await allHealthy(docker, (await Promise.all(NAMES.map(containersOf))).flat());
  } catch (error) {
    throw new Error(`the stack did not come up: ${String(error)}\n${await logs()}`, { cause: error });
  }
  const [ingestApi] = await containersOf('ingest-api');
  if (ingestApi === undefined) throw new Error('compose started no ingest-api');
  const port = await publishedPort(ingestApi, '8080/tcp');
  const apiKey = await issueKey(docker, ingestApi);
  const held = started.move();
  return {
    api: `http://127.0.0.1:${port}`,
    apiKey,
    containersOf,
    scale: async (service, count) => {
      await compose([
        'up',
        '--detach',
        '--no-build',
        '--no-recreate',
        '--no-deps',
        '--scale',
        `${service}=${count}`,
        service,
      ]);
      await allHealthy(docker, await containersOf(service));
    },
    logs,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Compose's environment as a file, for its owner's eyes. Port 0: any free one. */
function writeSettings(folder: string, network: StoryNetwork, settings: Readonly<Record<string, string>>): string {
  const file = join(folder, 'env');
  const all = {
    MXFLOW_VERSION: VERSION,
    POSTGRES_PASSWORD: randomBytes(16).toString('hex'),
    RABBITMQ_PASSWORD: randomBytes(16).toString('hex'),
    MXFLOW_SECRET: randomBytes(32).toString('hex'),
    MXFLOW_API_PORT: '0',
    MXFLOW_HUB_PORT: '0',
    MXFLOW_BOUNCE_ADDRESS: '127.0.0.1:0',
    STORY_NETWORK: network.name,
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

type Compose = (argv: readonly string[]) => Promise<string>;

function composeIn({ compose, host }: ThisRun, project: string, envFile: string): Compose {
  const [file, ...first] = compose;
  const files = ['docker-compose.yml', join('test-e2e', 'stack', 'compose.yml')].flatMap((name) => ['-f', name]);
  const common = [...first, '--project-directory', '.', '--project-name', project, '--env-file', envFile, ...files];
  return (argv) => command(file, [...common, ...argv], { cwd: projectRoot, env: { DOCKER_HOST: host } });
}

async function allHealthy(docker: Docker, containers: readonly Docker.Container[]): Promise<void> {
  await Promise.all(containers.map((container) => untilHealthy(docker, container, HEALTHY_WITHIN_MS)));
}

async function issueKey(docker: Docker, container: Docker.Container): Promise<string> {
  const argv = ['node', 'packages/db/src/issue-key-main.ts', 'default', 'story'];
  const { exitCode, output, errors } = await execIn(docker, container, argv);
  if (exitCode !== 0) throw new Error(`no API key: ${output}${errors}`);
  return output.trim();
}

async function logsOfAll(docker: Docker, name: string, containers: readonly Docker.Container[]): Promise<string[]> {
  return await Promise.all(containers.map(async (one) => `--- ${name}\n${await logsOf(docker, one, 25)}`));
}

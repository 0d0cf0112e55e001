import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

import type Docker from 'dockerode';

import { command } from './command.ts';
import { buildImage } from './images.ts';
import { projectRoot, stateFolder } from './state-folder.ts';

export const SERVICES = [
  'ingest-api',
  'dispatcher',
  'mta-worker',
  'bounce-processor',
  'deliverability-hub',
  'deliverability-sync',
] as const;
export type ServiceName = (typeof SERVICES)[number];

/** The version that docker-compose.yml is told, and so the tag of every image built here. */
export const VERSION = 'e2e';

export function serviceImage(service: ServiceName): string {
  return `mxflow/${service}:${VERSION}`;
}

/** Builds one image a service from the tree as it stands; they share all layers but the last. */
export async function buildServiceImages(docker: Docker, say: (line: string) => void): Promise<void> {
  say('images: staging the workspace with its production dependencies');
  const context = await stageWorkspace();
  for (const service of SERVICES) {
    say(`images: building ${serviceImage(service)}`);
    const dockerfile = 'infra/docker/Dockerfile';
    await buildImage(docker, { tag: serviceImage(service), context, dockerfile, args: { SERVICE: service } });
  }
}

/**
 * A copy of what .dockerignore lets through, with dependencies installed here: the image's build then needs no package
 * registry, and takes them from the store of this machine.
 */
async function stageWorkspace(): Promise<string> {
  const stage = join(stateFolder(), 'workspace');
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  const whole = [
    'package.json',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'packages',
    'services',
    join('infra', 'docker'),
  ];
  const members = ['infra', 'bench', 'test-e2e'].map((member) => join(member, 'package.json'));
  for (const path of [...whole, ...members]) {
    cpSync(join(projectRoot, path), join(stage, path), { recursive: true, filter: isProduction });
  }
  const { packageManager } = JSON.parse(readFileSync(join(stage, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  const install = ['--yes', packageManager, 'install', '--frozen-lockfile', '--prod', '--reporter=append-only'];
  await command('npx', install, { cwd: stage, env: { CI: 'true' } });
  await command('sh', ['infra/docker/trim-dependencies.sh'], { cwd: stage });
  return stage;
}

function isProduction(path: string): boolean {
  const name = basename(path);
  return !['node_modules', 'test', '.turbo'].includes(name) && !name.endsWith('.test.ts');
}

import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type Docker from 'dockerode';

import { makeDebianBase } from './debian-base.ts';
import { buildImage, hasImage, importImage, pullImage } from './images.ts';
import { projectRoot, stateFolder } from './state-folder.ts';

const DEBIAN = 'debian:bookworm-slim';

/** What the Dockerfile and docker-compose.yml build on, and the stand-in for each. */
const STAND_INS = {
  'node:24-bookworm-slim': 'node.Dockerfile',
  'postgres:15': 'postgres.Dockerfile',
  'rabbitmq:3': 'rabbitmq.Dockerfile',
} as const;

/**
 * Sees to it that the engine has every image that ours are built on: what is there is taken, else the registry's, else
 * one made here under the same name.
 */
export async function ensureBaseImages(docker: Docker, say: (line: string) => void): Promise<void> {
  let registryAnswers = true;
  for (const [tag, dockerfile] of Object.entries(STAND_INS)) {
    if (await hasImage(docker, tag)) continue;
    if (registryAnswers) {
      say(`images: pulling ${tag}`);
      registryAnswers = await pullImage(docker, tag);
      if (registryAnswers) continue;
      say('images: no registry answers, base images are made here');
    }
    await ensureDebian(docker, say);
    say(`images: building a stand-in for ${tag}`);
    await buildImage(docker, { tag, context: standInContext(), dockerfile });
  }
  await ensureDebian(docker, say);
}

async function ensureDebian(docker: Docker, say: (line: string) => void): Promise<void> {
  if ((await hasImage(docker, DEBIAN)) || (await pullImage(docker, DEBIAN))) return;
  say(`images: making ${DEBIAN} with debootstrap (about a minute)`);
  const folder = join(stateFolder(), 'debian');
  try {
    await makeDebianBase(folder);
    await importImage(docker, folder, DEBIAN);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The stand-ins' files, and the Node that runs this. */
function standInContext(): string {
  const folder = join(stateFolder(), 'stand-ins');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(projectRoot, 'infra', 'docker', 'stand-ins'), folder, { recursive: true });
  copyFileSync(process.execPath, join(folder, 'node'));
  return folder;
}

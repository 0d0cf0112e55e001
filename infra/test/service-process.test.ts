import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { freePorts, openStateFolder, type StateFolder } from '../servers/index.ts';
import { identify } from '../servers/process-identity.ts';
import { startService, type ServiceEvent, type ServiceProcess } from '../stack/service-process.ts';

const file = fileURLToPath(new URL('service-fixture.ts', import.meta.url));

type Diary = { readonly events: ServiceEvent[]; readonly next: (kind: ServiceEvent['kind']) => Promise<void> };

function keepDiary(): Diary & { readonly onEvent: (event: ServiceEvent) => void } {
  const events: ServiceEvent[] = [];
  const waiting = new Map<string, () => void>();
  return {
    events,
    onEvent: (event) => {
      events.push(event);
      waiting.get(event.kind)?.();
    },
    next: (kind) => new Promise((resolve) => void waiting.set(kind, resolve)),
  };
}

async function start(
  folder: StateFolder,
  onEvent: (event: ServiceEvent) => void,
  env: NodeJS.ProcessEnv = {},
): Promise<ServiceProcess> {
  const [port] = await freePorts(1);
  return startService({
    instance: 'fixture',
    file,
    env: { ...process.env, ...env, MXFLOW_HEALTH_PORT: String(port) },
    healthUrl: `http://127.0.0.1:${port}`,
    logFolder: folder.path,
    folder,
    onEvent,
  });
}

test('a service that dies is started again, at the same address', async () => {
  await using folder = openStateFolder();
  const diary = keepDiary();
  await using service = await start(folder, diary.onEvent);
  const before = service.pid();
  const [died, ready] = [diary.next('died'), diary.next('ready')];
  await fetch(`${service.healthUrl}/die`).catch(() => {});
  await died;
  await ready;
  expect(service.pid()).not.toBe(before);
  expect(await (await fetch(service.healthUrl)).text()).toBe('ok');
});

test('a service that its owner killed stays down until the owner restarts it', async () => {
  await using folder = openStateFolder();
  const diary = keepDiary();
  await using service = await start(folder, diary.onEvent);
  await service.kill();
  expect(identify(service.pid())).toBeUndefined();
  await service.restart();
  expect(diary.events.map(({ kind }) => kind)).toEqual(['ready', 'ready']);
});

test('a service that is not ready before it ends fails the start, with its log', async () => {
  await using folder = openStateFolder();
  const broken = start(folder, () => {}, { NODE_OPTIONS: '--import=data:text/javascript,throw"no-such-thing"' });
  await expect(broken).rejects.toThrow('no-such-thing');
});

test('a service that refuses its settings is not started again', async () => {
  await using folder = openStateFolder();
  await expect(start(folder, () => {}, { REFUSES: 'yes' })).rejects.toThrow('fixture');
});

import { writeFile } from 'node:fs/promises';

import type Docker from 'dockerode';

import { demoProviders } from '@mxflow/provider-sim';

import { buildImage, hasImage } from '../engine/images.ts';
import { serviceImage, VERSION } from '../engine/service-images.ts';
import { projectRoot } from '../engine/state-folder.ts';
import { logsOf, runToEnd } from './container.ts';
import type { StoryNetwork } from './story-network.ts';

/** The simulated mailbox providers of the sample campaign, in a container that has all their addresses. */
export type ProvidersContainer = AsyncDisposable & {
  /** `host:port` for workers on the same network. */
  readonly dns: string;
  readonly smtpPort: number;
  /** Each reply of every provider waits so long from now on. */
  slowDown(replyDelayMs: number): Promise<void>;
  /** Writes the referee's raw file of everything so far to a file here. */
  saveReferee(file: string): Promise<void>;
};

type DescribedProvider = { readonly name: string; readonly behaviour: Readonly<Record<string, unknown>> };

const DNS_PORT = 5353;
const SMTP_PORT = 2525;
const CONTROL_PORT = 9000;
const NETWORK_TOOLS = `mxflow/network-tools:${VERSION}`;
const READY_WITHIN_MS = 60_000;

export async function startProvidersContainer(
  docker: Docker,
  name: string,
  network: StoryNetwork,
): Promise<ProvidersContainer> {
  if (!(await hasImage(docker, NETWORK_TOOLS))) {
    const order = { context: `${projectRoot}/test-e2e/stack`, dockerfile: 'network-tools.Dockerfile' };
    await buildImage(docker, { tag: NETWORK_TOOLS, ...order });
  }
  const address = `${network.octets}.250.2`;
  const control = `${CONTROL_PORT}/tcp`;
  const container = await docker.createContainer({
    name,
    Image: serviceImage('mta-worker'),
    Cmd: ['packages/provider-sim/src/main.ts', ...commandLine(network)],
    ExposedPorts: { [control]: {} },
    Healthcheck: { Test: ['NONE'] },
    HostConfig: { NetworkMode: network.name, PortBindings: { [control]: [{ HostIp: '127.0.0.1', HostPort: '' }] } },
    NetworkingConfig: { EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: address } } } },
  });
  const remove = async (): Promise<void> => void (await container.remove({ force: true, v: true }));
  try {
    await container.start();
    // All the providers' addresses become local there; the kernel then answers for them on the network, too.
    await runToEnd(docker, {
      Image: NETWORK_TOOLS,
      Cmd: ['ip', 'route', 'add', 'local', `${network.octets}.0.0/20`, 'dev', 'lo'],
      HostConfig: { NetworkMode: `container:${container.id}`, CapAdd: ['NET_ADMIN'] },
    });
    const url = `http://127.0.0.1:${await publishedPort(container, control)}`;
    await untilReady(docker, container, url);
    return {
      dns: `${address}:${DNS_PORT}`,
      smtpPort: SMTP_PORT,
      slowDown: (replyDelayMs) => slowDown(url, replyDelayMs),
      saveReferee: async (file) => writeFile(file, await (await answered(`${url}/referee`)).text()),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function commandLine({ octets }: StoryNetwork): string[] {
  const hosts = demoProviders({ network: octets }).flatMap(({ name, mxHosts }) =>
    mxHosts.flatMap(({ addresses }) => addresses.map((address) => `${name}=${address}`)),
  );
  const listening = ['--listen', '0.0.0.0', '--port', String(SMTP_PORT), '--dns-port', String(DNS_PORT)];
  const control = ['--control-address', '0.0.0.0', '--control-port', String(CONTROL_PORT)];
  return [
    ...listening,
    ...control,
    '--referee',
    '/tmp/referee.ndjson',
    ...hosts.flatMap((host) => ['--advertise', host]),
  ];
}

/** The port of this machine that the engine chose for a port of the container. */
export async function publishedPort(container: Docker.Container, port: string): Promise<number> {
  const { NetworkSettings } = await container.inspect();
  const [binding] = NetworkSettings.Ports[port] ?? [];
  if (binding === undefined) throw new Error(`expected ${port} to be published, found nothing`);
  return Number(binding.HostPort);
}

async function slowDown(url: string, replyDelayMs: number): Promise<void> {
  const providers = (await (await answered(`${url}/providers`)).json()) as readonly DescribedProvider[];
  for (const { name, behaviour } of providers) {
    const body = JSON.stringify({ ...behaviour, replyDelayMs });
    await answered(`${url}/providers/${encodeURIComponent(name)}/behaviour`, { method: 'POST', body });
  }
}

async function answered(url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response;
}

async function untilReady(docker: Docker, container: Docker.Container, url: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const ready = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    const { State } = await container.inspect();
    if (!State.Running || performance.now() > deadline) {
      throw new Error(`the providers do not answer:\n${await logsOf(docker, container, 40)}`);
    }
    await new Promise((resolve) => void setTimeout(resolve, 300));
  }
}

import { join } from 'node:path';

import { freePorts } from '../servers/free-ports.ts';
import type { Durability } from '../servers/postgres.ts';
import { secretFile } from '../servers/secret-file.ts';
import { startServersIn, type Servers } from '../servers/servers.ts';
import { openStateFolder, type StateFolder } from '../servers/state-folder.ts';
import { bundleServices } from './bundles.ts';
import { issueApiKey, issueHubKey, loadRules, migrateDatabase } from './database-command.ts';
import { openLogFolder } from './log-folder.ts';
import { startService, type ServiceEvent, type ServiceProcess } from './service-process.ts';
import { stackRule, type RuleInBrief } from './stack-rules.ts';
import { services, type ServiceDefinition, type ServicePorts } from './services.ts';

export type StackOptions = {
  /** How many mta-workers. */
  readonly workers: number;
  /** A name keeps the data for the next stack of that name. Without one, the data goes when the stack stops. */
  readonly name?: string;
  /** Servers that run already; private ones are started where left out. */
  readonly on?: { readonly databaseUrl: string; readonly amqpUrl: string };
  /** Of private servers. */
  readonly durability?: Durability;
  /** Environment of every service, over that of this process. */
  readonly settings?: Readonly<Record<string, string>>;
  /** MX rules instead of those of the installation; the last is for whatever the others do not name. */
  readonly rules?: readonly RuleInBrief[];
  /** Whether there is a deliverability instance, and rule sets are pulled from it. */
  readonly ruleSets?: boolean;
  readonly onEvent?: (event: StackEvent) => void;
};

export type StackEvent =
  | ServiceEvent
  | { readonly kind: 'servers-ready'; readonly seconds: number }
  | { readonly kind: 'migrated' };

/** All of mxflow on this machine, as separate processes. Disposing stops the services first, then the servers. */
export type Stack = AsyncDisposable & {
  readonly api: string;
  /** Of the tenant `default`, allowed everything. */
  readonly apiKey: string;
  readonly databaseUrl: string;
  readonly amqpUrl: string;
  /** HOST:PORT that takes bounce mail. */
  readonly bounceSmtp: string;
  readonly metrics: readonly string[];
  readonly logFolder: string;
  /** `undefined` when the stack runs on servers of others. */
  readonly servers: Servers | undefined;
  readonly ingestApi: ServiceProcess;
  readonly dispatcher: ServiceProcess;
  readonly bounceProcessor: ServiceProcess;
  readonly workers: readonly ServiceProcess[];
  /** The deliverability instance, where there is one. */
  readonly ruleSets: RuleSetServices | undefined;
  /** Scales out: starts one more mta-worker, with settings of its own where given, and waits until it is ready. */
  readonly addWorker: (settings?: Readonly<Record<string, string>>) => Promise<ServiceProcess>;
  /** A second bounce-processor, and so on. */
  readonly addBounceProcessor: () => Promise<ServiceProcess>;
  /** Puts other MX rules in force. */
  readonly setRules: (rules: readonly RuleInBrief[]) => Promise<void>;
};

export type RuleSetServices = {
  readonly hub: string;
  /** Of an editor. */
  readonly hubKey: string;
  readonly deliverabilityHub: ServiceProcess;
  readonly deliverabilitySync: ServiceProcess;
};

const tenant = 'default';

export async function startStack(options: StackOptions): Promise<Stack> {
  const { onEvent = () => {} } = options;
  await using started = new AsyncDisposableStack();
  const folder = started.use(openStateFolder(options.name));
  const servers = options.on === undefined ? started.use(await startPrivateServers(folder, options)) : undefined;
  const databaseUrl = options.on?.databaseUrl ?? servers?.postgres.url ?? '';
  const amqpUrl = options.on?.amqpUrl ?? servers?.rabbit.url ?? '';
  await migrateDatabase(databaseUrl);
  if (options.rules !== undefined) await loadRules(databaseUrl, options.rules.map(stackRule));
  onEvent({ kind: 'migrated' });
  const bundles = await bundleServices();
  const logFolder = openLogFolder(folder);
  const environment = environmentOf(folder, options.settings, { databaseUrl, amqpUrl });
  const launch: Launch = (definition, instance, { ports, settings = {} }) =>
    startService({
      instance,
      file: join(bundles, `${definition.name}.mjs`),
      env: { ...environment, ...portSettings(definition, ports), ...settings },
      healthUrl: `http://127.0.0.1:${ports.health}`,
      logFolder,
      folder,
      onEvent,
    });
  const source = environment['MXFLOW_SYNC_URL'];
  const ruleSets =
    options.ruleSets === true ? await startRuleSets(launch, { databaseUrl, source }, started) : undefined;
  const fleet = await startFleet(launch, options.workers, started);
  const apiKey = await issueApiKey(databaseUrl, tenant);
  const held = started.move();
  const addTo = async (
    processes: ServiceProcess[],
    settings: Readonly<Record<string, string>>,
    start: (number: number, own: LaunchOptions) => Promise<ServiceProcess>,
  ): Promise<ServiceProcess> => {
    const process = held.use(await start(processes.length + 1, { ports: await somePorts(), settings }));
    processes.push(process);
    return process;
  };
  return {
    ...fleet,
    ruleSets,
    apiKey,
    databaseUrl,
    amqpUrl,
    logFolder,
    servers,
    addWorker: (settings = {}) =>
      addTo(fleet.workers, settings, (number, own) => launch(services.mtaWorker, `mta-worker-${number}`, own)),
    addBounceProcessor: () =>
      addTo(fleet.bounceProcessors, {}, (number, own) =>
        launch(services.bounceProcessor, `bounce-processor-${number}`, own),
      ),
    setRules: (rules) => loadRules(databaseUrl, rules.map(stackRule)),
    get metrics() {
      return metricsOf(fleet, ruleSets);
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

type LaunchOptions = { readonly ports: ServicePorts; readonly settings?: Readonly<Record<string, string>> };

function metricsOf(fleet: Awaited<ReturnType<typeof startFleet>>, ruleSets: RuleSetServices | undefined): string[] {
  const others = ruleSets === undefined ? [] : [ruleSets.deliverabilityHub, ruleSets.deliverabilitySync];
  const all = [fleet.ingestApi, fleet.dispatcher, ...fleet.bounceProcessors, ...others, ...fleet.workers];
  return all.map(({ healthUrl }) => `${healthUrl}/metrics`);
}

type Launch = (definition: ServiceDefinition, instance: string, own: LaunchOptions) => Promise<ServiceProcess>;

/** A deliverability instance, and a sync that pulls from it unless the caller names another source. */
async function startRuleSets(
  launch: Launch,
  { databaseUrl, source }: { readonly databaseUrl: string; readonly source: string | undefined },
  started: AsyncDisposableStack,
): Promise<RuleSetServices> {
  const ports = await somePorts();
  const deliverabilityHub = started.use(
    await launch(services.deliverabilityHub, services.deliverabilityHub.name, { ports }),
  );
  const hub = `http://127.0.0.1:${ports.front}`;
  const deliverabilitySync = started.use(
    await launch(services.deliverabilitySync, services.deliverabilitySync.name, {
      ports: await somePorts(),
      settings: { MXFLOW_SYNC_URL: source ?? `${hub}/` },
    }),
  );
  return { hub, hubKey: await issueHubKey(databaseUrl), deliverabilityHub, deliverabilitySync };
}

/** All at once; those that did start are left in `started` when one does not. */
async function startFleet(launch: Launch, workerCount: number, started: AsyncDisposableStack) {
  const [apiPorts, dispatcherPorts, bouncePorts] = [await somePorts(), await somePorts(), await somePorts()];
  const starting = [
    launch(services.bounceProcessor, services.bounceProcessor.name, { ports: bouncePorts }),
    launch(services.dispatcher, services.dispatcher.name, { ports: dispatcherPorts }),
    launch(services.ingestApi, services.ingestApi.name, { ports: apiPorts }),
  ] as const;
  const startingWorkers: Promise<ServiceProcess>[] = [];
  for (let number = 1; number <= workerCount; number++) {
    startingWorkers.push(launch(services.mtaWorker, `mta-worker-${number}`, { ports: await somePorts() }));
  }
  const settled = await Promise.allSettled([...starting, ...startingWorkers]);
  const up = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  // Together: each ends its own work in progress, and what others still publish waits in the broker.
  started.defer(async () => void (await Promise.all(up.map((one) => one[Symbol.asyncDispose]()))));
  const [bounceProcessor, dispatcher, ingestApi] = await Promise.all(starting);
  return {
    api: `http://127.0.0.1:${apiPorts.front}`,
    bounceSmtp: `127.0.0.1:${bouncePorts.front}`,
    ingestApi,
    dispatcher,
    bounceProcessor,
    bounceProcessors: [bounceProcessor],
    workers: await Promise.all(startingWorkers),
  };
}

async function startPrivateServers(folder: StateFolder, options: StackOptions): Promise<Servers> {
  const servers = await startServersIn(folder, options.durability ?? 'power-loss');
  options.onEvent?.({ kind: 'servers-ready', seconds: servers.readyAfterSeconds });
  return servers;
}

async function somePorts(): Promise<ServicePorts> {
  const [health = 0, front = 0] = await freePorts(2);
  return { health, front };
}

function portSettings({ frontPortSetting }: ServiceDefinition, ports: ServicePorts): NodeJS.ProcessEnv {
  const health = { MXFLOW_HEALTH_PORT: String(ports.health) };
  return frontPortSetting === undefined ? health : { ...health, [frontPortSetting]: String(ports.front) };
}

/** What every service is told: this process' own environment, then what the stack knows, then the caller's settings. */
function environmentOf(
  folder: StateFolder,
  settings: Readonly<Record<string, string>> | undefined,
  { databaseUrl, amqpUrl }: { readonly databaseUrl: string; readonly amqpUrl: string },
): NodeJS.ProcessEnv {
  const { MXFLOW_BOOTSTRAP: _launcher, MXFLOW_TEST_SERVERS: _tests, ...inherited } = process.env;
  return {
    MXFLOW_SECRET: secretFile(join(folder.path, 'secret')),
    ...inherited,
    DATABASE_URL: databaseUrl,
    AMQP_URL: amqpUrl,
    ...settings,
  };
}

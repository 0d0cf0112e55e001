import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { totalmem } from 'node:os';
import { join } from 'node:path';

import { giveTo, serverAccount, type Account } from './account.ts';
import { portMapperBinary, rabbitBinary } from './binaries.ts';
import { freePorts } from './free-ports.ts';
import type { Durability, ServerOptions } from './postgres.ts';
import { startProgram, untilReady, type Program } from './program.ts';
import { managementOf, type RabbitManagement } from './rabbit-management.ts';
import { secretFile } from './secret-file.ts';
import type { StateFolder } from './state-folder.ts';

/** A private RabbitMQ node on free loopback ports, with one administrator `mxflow`. */
export type RabbitServer = AsyncDisposable & {
  /** Of the virtual host `/`. */
  readonly url: string;
  /** Creates and drops virtual hosts over HTTP: tens of milliseconds, where `rabbitmqctl` takes seconds. */
  readonly management: RabbitManagement;
  readonly pid: () => number;
  /** Graceful: takes about six seconds. */
  readonly stop: () => Promise<void>;
  /** SIGKILL, as a crash would; `restart` brings it back. */
  readonly kill: () => Promise<void>;
  /** Stops it unless it is down, then starts it on the same ports over the same data. */
  readonly restart: () => Promise<void>;
  /** Kills it, deletes its data and starts it on the same ports. Virtual hosts but `/` are gone: callers make theirs again. */
  readonly wipe: () => Promise<void>;
  /** For freezing: SIGSTOP and SIGCONT. */
  readonly signal: (signal: NodeJS.Signals) => void;
};

type Ports = {
  readonly amqp: number;
  readonly management: number;
  readonly distribution: number;
  readonly mapper: number;
};

type Node = {
  readonly ports: Ports;
  readonly home: string;
  readonly account: Account;
  readonly folder: StateFolder;
  readonly management: RabbitManagement;
};

const user = 'mxflow';
const readyWithinMs = 90_000;
const stopGraceMs = 20_000;
const megabyte = 1024 * 1024;

export async function startRabbit({ folder, durability }: ServerOptions): Promise<RabbitServer> {
  const account = serverAccount('rabbitmq');
  const home = join(folder.path, 'rabbitmq');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  giveTo(account, home);
  const password = secretFile(join(folder.path, 'rabbitmq-password'));
  const [amqp = 0, http = 0, distribution = 0, mapper = 0] = await freePorts(4);
  const ports: Ports = { amqp, management: http, distribution, mapper };
  const management = managementOf(`http://${user}:${password}@127.0.0.1:${ports.management}`);
  const node: Node = { ports, home, account, folder, management };
  writeConfiguration(node, password, durability);
  const portMapper = await startPortMapper(node);
  let program = await startNode(node);
  return {
    url: `amqp://${user}:${password}@127.0.0.1:${ports.amqp}`,
    management,
    pid: () => program.pid,
    stop: () => program.stop(stopGraceMs),
    kill: () => program.kill(),
    async restart() {
      await program.stop(stopGraceMs);
      program = await startNode(node);
    },
    async wipe() {
      await program.kill();
      rmSync(dataFolder(node), { recursive: true, force: true });
      program = await startNode(node);
    },
    signal: (signal) => program.signal(signal),
    async [Symbol.asyncDispose]() {
      await (folder.kept ? program.stop(stopGraceMs) : program.kill());
      await portMapper.kill();
    },
  };
}

async function startNode(node: Node): Promise<Program> {
  const { home, ports, account, folder } = node;
  const program = await startProgram({
    file: rabbitBinary(),
    argv: [],
    env: {
      PATH: process.env['PATH'],
      LC_ALL: 'C.UTF-8',
      HOME: home,
      RABBITMQ_NODENAME: 'mxflow@localhost',
      RABBITMQ_MNESIA_BASE: dataFolder(node),
      RABBITMQ_LOG_BASE: join(home, 'log'),
      // The advanced file says everything; a file of the machine must not add to it.
      RABBITMQ_CONFIG_FILE: join(home, 'none'),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(home, 'advanced.config'),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
      RABBITMQ_PID_FILE: join(home, 'pid'),
      RABBITMQ_DIST_PORT: String(ports.distribution),
      ERL_EPMD_PORT: String(ports.mapper),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      // Makes the script become the node instead of its parent, so that the pid and its signals are the node's own.
      RUNNING_UNDER_SYSTEMD: 'true',
    },
    account,
    folder,
    logFile: join(folder.path, 'rabbitmq.log'),
    stopSignal: 'SIGTERM',
  });
  const isReady = async (): Promise<boolean> => (await speaksAmqp(ports.amqp)) && (await node.management.answers());
  try {
    await untilReady('RabbitMQ', program, { isReady, withinMs: readyWithinMs });
  } catch (error) {
    await program.kill();
    throw error;
  }
  return program;
}

/** In the foreground and owned by us: a node would start one of its own accord, and leave it running. */
function startPortMapper({ ports, account, folder }: Node): Promise<Program> {
  return startProgram({
    file: portMapperBinary(),
    argv: ['-address', '127.0.0.1', '-port', String(ports.mapper)],
    env: { PATH: process.env['PATH'] },
    account,
    folder,
    logFile: join(folder.path, 'epmd.log'),
    stopSignal: 'SIGTERM',
  });
}

function writeConfiguration({ home, account, ports }: Node, password: string, durability: Durability): void {
  const memory = Math.round(Math.min(totalmem() * 0.4, 2048 * megabyte));
  const walSync = durability === 'process-death' ? 'none' : 'datasync';
  const files = {
    'advanced.config': `[
  {rabbit, [
    {tcp_listeners, [{"127.0.0.1", ${ports.amqp}}]},
    {default_user, <<"${user}">>},
    {default_pass, <<"${password}">>},
    {vm_memory_high_watermark, {absolute, ${memory}}},
    {collect_statistics_interval, 60000}
  ]},
  {ra, [{wal_max_size_bytes, ${128 * megabyte}}, {wal_sync_method, ${walSync}}]},
  {rabbitmq_management, [{tcp_config, [{ip, "127.0.0.1"}, {port, ${ports.management}}]}]},
  {rabbitmq_management_agent, [{disable_metrics_collector, true}]}
].
`,
    enabled_plugins: '[rabbitmq_management].\n',
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(home, name), text, { mode: 0o600 });
    giveTo(account, join(home, name));
  }
}

function dataFolder({ home }: Node): string {
  return join(home, 'data');
}

/** The listener answers the protocol header of AMQP 0-9-1 with a method frame (type 1), connection.start. */
async function speaksAmqp(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(1_000, () => socket.destroy());
  try {
    socket.write(Buffer.from([...Buffer.from('AMQP'), 0, 0, 9, 1]));
    for await (const chunk of socket) return (chunk as Buffer)[0] === 1;
    return false;
  } catch {
    // Not listening yet: asked again.
    return false;
  } finally {
    socket.destroy();
  }
}

import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Finds a Postgres program: the newest of Debian's versions, else the one on the PATH. */
export function postgresBinary(name: 'postgres' | 'initdb'): string {
  const versions = namesIn('/usr/lib/postgresql').toSorted((one, other) => Number(other) - Number(one));
  const debian = versions.map((version) => join('/usr/lib/postgresql', version, 'bin', name));
  return firstFound([...debian, ...onPath(name)], name, 'postgresql');
}

/** Finds the plain start script of RabbitMQ. Debian's wrapper on the PATH insists on changing the account. */
export function rabbitBinary(): string {
  const debian = namesIn('/usr/lib/rabbitmq/lib').map((version) =>
    join('/usr/lib/rabbitmq/lib', version, 'sbin', 'rabbitmq-server'),
  );
  return firstFound([...debian, ...onPath('rabbitmq-server')], 'rabbitmq-server', 'rabbitmq-server');
}

/** The Erlang port mapper daemon, which tells nodes of one machine apart. */
export function portMapperBinary(): string {
  return firstFound(onPath('epmd'), 'epmd', 'erlang-base');
}

/** Prometheus, which dashboards are tested with; `undefined` where the machine has none. */
export function prometheusBinary(): string | undefined {
  return onPath('prometheus').find((candidate) => existsSync(candidate));
}

function firstFound(candidates: readonly string[], name: string, debianPackage: string): string {
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new Error(`expected ${name} to be installed (Debian: apt-get install ${debianPackage}), and found it nowhere`);
}

function onPath(name: string): readonly string[] {
  return (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

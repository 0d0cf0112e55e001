#!/usr/bin/env node
// Plain JavaScript for whatever Node the machine has (20 or later): brings pnpm, the dependencies and, with
// --servers, RabbitMQ and Postgres, with --dovecot, Dovecot, with --prometheus, Prometheus if it can be had, then runs the
// named command under the project's own Node 24.
//
//   node infra/bootstrap.mjs [--servers] [--dovecot] [--prometheus] -- FILE.ts [ARGUMENTS]
//   node infra/bootstrap.mjs --bin NAME [ARGUMENTS]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const binaries = join(root, 'node_modules', '.bin');
const stateFolder = join(root, '.mxflow');
const pnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;

/** What the one-machine stack needs, and how to see that it is there. */
const servers = [
  { debian: 'postgresql', found: () => versions('/usr/lib/postgresql').length > 0 || onPath('initdb') },
  { debian: 'rabbitmq-server', found: () => existsSync('/usr/lib/rabbitmq/lib') || onPath('rabbitmq-server') },
];

/** What dashboards are tested with: wanted, not needed. */
const prometheus = { debian: 'prometheus', found: () => onPath('prometheus') };

/** What the emptying of mailboxes is tested with: extracted into the project, installed nowhere. */
const dovecot = { debian: ['dovecot-core', 'dovecot-imapd', 'dovecot-pop3d'], tree: join(stateFolder, 'dovecot') };

const { withServers, withDovecot, withPrometheus, command, rest } = parseArguments(process.argv.slice(2));
installDependencies();
generateDatabaseClient();
if (withServers && !(process.env.DATABASE_URL && process.env.AMQP_URL)) installServers();
if (withDovecot && !existsSync(dovecot.tree)) extractDovecot();
if (withPrometheus && !prometheus.found()) installPrometheus();
if (command !== undefined) run(command, rest);

function parseArguments(argv) {
  const [first] = argv;
  if (first === '--servers') return { ...parseArguments(argv.slice(1)), withServers: true };
  if (first === '--dovecot') return { ...parseArguments(argv.slice(1)), withDovecot: true };
  if (first === '--prometheus') return { ...parseArguments(argv.slice(1)), withPrometheus: true };
  if (first === '--bin') return { withServers: false, command: join(binaries, argv[1]), rest: argv.slice(2) };
  if (first === '--') return { withServers: false, command: projectNode(), rest: argv.slice(1) };
  return { withServers: false, command: undefined, rest: [] };
}

/** Node 24 of the project where its platform has one in the registry, else the Node that runs this file. */
function projectNode() {
  const own = join(binaries, 'node');
  return process.platform === 'linux' ? own : process.execPath;
}

/** Installs when the lock file is not the one that was installed last; says nothing when there is nothing to do. */
function installDependencies() {
  const stamp = join(stateFolder, 'installed');
  const wanted = fingerprint(['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(binaries)) return;
  process.stderr.write('mxflow: installing dependencies (once for every change of the lock file)\n');
  const install = ['--yes', pnpm, 'install', '--frozen-lockfile', '--reporter=append-only'];
  mustRun('npx', install, 'What it said stands above; the npm registry must be reachable.');
  mkdirSync(stateFolder, { recursive: true });
  writeFileSync(stamp, wanted);
}

/** The typed database client is generated, not committed. */
function generateDatabaseClient() {
  const stamp = join(stateFolder, 'generated');
  const wanted = fingerprint(['packages/db/prisma/schema.prisma', 'pnpm-lock.yaml']);
  if (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === wanted &&
    existsSync(join(root, 'packages/db/src/generated'))
  )
    return;
  const schema = join('packages', 'db', 'prisma', 'schema.prisma');
  // Without the variable prisma would download an engine that generating does not use.
  mustRun(join(binaries, 'prisma'), ['generate', '--schema', schema], 'The database client could not be generated.', {
    PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  });
  writeFileSync(stamp, wanted);
}

function installServers() {
  const missing = servers.filter((server) => !server.found()).map((server) => server.debian);
  if (missing.length === 0) return;
  const advice =
    `mxflow needs ${missing.join(' and ')}: apt-get install ${missing.join(' ')}\n` +
    'or set DATABASE_URL and AMQP_URL to servers that you run (Postgres 15+, RabbitMQ 3.10+).';
  if (process.getuid?.() !== 0 || !onPath('apt-get')) fail(advice);
  installPackages(missing, (argv, environment) => mustRun('apt-get', argv, advice, environment));
}

/** With the libraries that the machine lacks. Needs no root, but where apt's lists are missing; its absence costs a few tests. */
function extractDovecot() {
  if (!onPath('apt-get')) return;
  process.stderr.write(`mxflow: fetching ${dovecot.debian.join(', ')} with apt\n`);
  const draft = `${dovecot.tree}-draft`;
  const archives = join(draft, 'archives');
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const here = ['-o', `Dir::Cache::archives=${archives}`, '-o', 'Debug::NoLocking=1'];
  const fetching = ['install', '-y', '-q', '--no-install-recommends', '--reinstall', '--download-only', ...here];
  if (process.getuid?.() === 0) tryRun('apt-get', ['update', '-q']);
  if (tryRun('apt-get', [...fetching, ...dovecot.debian]).status !== 0) return;
  for (const archive of readdirSync(archives).filter((name) => name.endsWith('.deb')))
    if (tryRun('dpkg-deb', ['-x', join(archives, archive), draft]).status !== 0) return;
  rmSync(archives, { recursive: true });
  // By rename, so that a tree is whole where there is one.
  renameSync(draft, dovecot.tree);
}

/** Its absence costs one test, which says so. */
function installPrometheus() {
  if (process.getuid?.() !== 0 || !onPath('apt-get')) return;
  installPackages([prometheus.debian], (argv, environment) => tryRun('apt-get', argv, environment));
}

function installPackages(packages, aptGet) {
  process.stderr.write(`mxflow: installing ${packages.join(', ')} with apt\n`);
  const environment = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  aptGet(['update', '-q'], environment);
  // The packages' own services are not wanted: the stack runs private nodes.
  const policy = '/usr/sbin/policy-rc.d';
  const setPolicy = !existsSync(policy);
  if (setPolicy) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    aptGet(['install', '-y', '-q', '--no-install-recommends', ...packages], environment);
  } finally {
    if (setPolicy) spawnSync('rm', ['-f', policy]);
  }
}

/** Runs the command in the foreground; interrupts reach it, and its exit code becomes ours. */
function run(file, argv) {
  const path = [binaries, process.env.PATH].join(delimiter);
  // The command watches for the end of this process by its pid.
  const environment = { ...compileCache(), ...process.env, PATH: path, MXFLOW_BOOTSTRAP: String(process.pid) };
  const child = spawn(file, argv, { cwd: root, stdio: 'inherit', env: environment });
  // The terminal sends the signal to the whole group; a lone `kill` of this process is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  endWithNpm(child);
  child.on('error', (error) => fail(`mxflow: cannot run ${file}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 1;
  });
}

/** Node's own cache of compiled modules: starting a service costs half of what it does without. */
function compileCache() {
  return { NODE_COMPILE_CACHE: join(stateFolder, 'compile-cache') };
}

/**
 * When npm or the shell that it runs scripts in is killed, no signal comes down: the command is then told to stop.
 * Who started npm may end as it likes.
 */
function endWithNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const lineage = () => `${process.ppid} ${parentOf(process.ppid)}`;
  const atStart = lineage();
  const timer = setInterval(() => {
    if (lineage() === atStart) return;
    clearInterval(timer);
    child.kill('SIGTERM');
  }, 500);
  timer.unref();
}

/** `undefined` where the system has no /proc, or the process is gone. */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // pid (name) state parent …: the name may hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  } catch {
    return undefined;
  }
}

/** Everything said while installing goes to standard error: standard output belongs to the command. */
function tryRun(file, argv, environment = {}) {
  return spawnSync(file, argv, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, ...environment } });
}

function mustRun(file, argv, advice, environment = {}) {
  if (tryRun(file, argv, environment).status !== 0) fail(`mxflow: ${[file, ...argv].join(' ')} failed. ${advice}`);
}

function fingerprint(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(existsSync(join(root, file)) ? readFileSync(join(root, file)) : '');
  return hash.digest('hex');
}

function versions(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function onPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';

import { giveTo, namesOf, serverAccount, type Account } from './account.ts';
import { freePorts } from './free-ports.ts';
import { startProgram, untilReady, type Program } from './program.ts';
import { projectRoot, type StateFolder } from './state-folder.ts';

/** A private Dovecot on free loopback ports. Whoever knows the password has a mailbox of any name. */
export type DovecotServer = AsyncDisposable & {
  readonly ports: MailPorts;
  /** Makes a mailbox unless there is one, a Maildir. */
  readonly mailbox: (user: string) => Maildir;
  /** SIGKILL to all its processes, as when the machine fails; `restart` brings it back. */
  readonly kill: () => Promise<void>;
  /** On the same ports over the same mailboxes. */
  readonly restart: () => Promise<void>;
  /** All that it logged. */
  readonly log: () => string;
};

/** The clear ones offer STARTTLS and STLS. */
export type MailPorts = Readonly<Record<'imap' | 'imaps' | 'pop3' | 'pop3s', number>>;

export type Maildir = {
  /** Another mail, as a delivery agent would bring it. */
  readonly deliver: (mail: Uint8Array) => void;
  /** How many there are. */
  readonly mails: () => number;
  /** Whether mails can be removed. */
  readonly setWritable: (writable: boolean) => void;
};

export type DovecotOptions = {
  readonly folder: StateFolder;
  readonly password: string;
  /** PEM. */
  readonly tls: { readonly certificate: string; readonly privateKey: string };
};

const readyWithinMs = 20_000;
/** What the settings below are written for. */
const VERSIONS = '2.3.';

/**
 * The folder that stands for `/` to Dovecot: the bootstrap extracts its Debian packages there, and installs nothing.
 * `undefined` where they were not to be had, or are of other versions.
 */
export function dovecotTree(): string | undefined {
  const tree = join(projectRoot, '.mxflow', 'dovecot');
  if (!existsSync(tree)) return undefined;
  const env = { LD_LIBRARY_PATH: libraries(tree) };
  const { stdout } = spawnSync(join(tree, 'usr/sbin/dovecot'), ['--version'], { encoding: 'utf8', env });
  return stdout?.startsWith(VERSIONS) ? tree : undefined;
}

export async function startDovecot(options: DovecotOptions): Promise<DovecotServer> {
  const { folder } = options;
  const account = serverAccount('nobody');
  // Short: the sockets in it have paths of at most 107 octets.
  const home = join(folder.path, 'dovecot');
  makeFolder(home, account);
  makeFolder(join(home, 'mail'), account);
  makeFolder(join(home, 'run'), account, 0o755);
  const tree = reachableTree(folder, join(home, 'run'));
  const [imap = 0, imaps = 0, pop3 = 0, pop3s = 0] = await freePorts(4);
  const ports = { imap, imaps, pop3, pop3s };
  writeConfiguration({ ...options, home, tree, ports, account });
  const file = join(home, 'dovecot.conf');
  const logFile = join(folder.path, 'dovecot.log');
  const start = async (): Promise<Program> => {
    const program = await startProgram({
      // By way of doveconf, which becomes the server: of itself the server would call the one in /usr/bin.
      file: join(tree, 'usr/bin/doveconf'),
      argv: [
        '-f',
        'service=master',
        '-m',
        'master',
        '-p',
        '-c',
        file,
        '-e',
        join(tree, 'usr/sbin/dovecot'),
        '-F',
        '-c',
        file,
      ],
      env: { PATH: process.env['PATH'], LD_LIBRARY_PATH: libraries(tree) },
      account,
      folder,
      logFile,
      stopSignal: 'SIGTERM',
    });
    const isReady = async (): Promise<boolean> => (await greets(pop3)) && (await greets(imap));
    await untilReady('Dovecot', program, { isReady, withinMs: readyWithinMs });
    return program;
  };
  let program = await start();
  const kill = async (): Promise<void> => {
    // The group: what serves a session outlives the master.
    if (!program.hasEnded()) process.kill(-program.pid, 'SIGKILL');
    await program.ended;
  };
  return {
    ports,
    mailbox: (user) => openMaildir(join(home, 'mail', user), account),
    kill,
    async restart() {
      await kill();
      program = await start();
    },
    log: () => readFileSync(logFile, 'utf8'),
    [Symbol.asyncDispose]: kill,
  };
}

/**
 * A copy that the server's account can reach, wherever the project lies. Its library looks for TLS in a folder that was
 * named when it was compiled: there now stands a name in the folder in which Dovecot starts its processes.
 */
function reachableTree(folder: StateFolder, runFolder: string): string {
  const extracted = dovecotTree();
  if (extracted === undefined) throw new Error(`expected Dovecot ${VERSIONS}x in .mxflow/dovecot, and found none`);
  const tree = join(folder.path, 'dovecot-tree');
  cpSync(extracted, tree, { recursive: true, verbatimSymlinks: true });
  const modules = join(tree, 'usr/lib/dovecot/modules');
  symlinkSync(modules, join(runFolder, 'modules'));
  const library = realpathSync(join(tree, 'usr/lib/dovecot/libdovecot.so.0'));
  const octets = readFileSync(library);
  const compiledIn = octets.indexOf('\0/usr/lib/dovecot/modules\0', 0, 'latin1') + 1;
  if (compiledIn === 0) throw new Error(`expected ${library} to name its folder of modules, and found no such name`);
  octets.write('modules\0', compiledIn, 'latin1');
  writeFileSync(library, octets);
  return tree;
}

function libraries(tree: string): string {
  const lib = join(tree, 'usr/lib');
  const multiarch = readdirSync(lib).filter((name) => name.endsWith('-linux-gnu'));
  return ['dovecot', 'dovecot/modules', 'dovecot/modules/auth', 'dovecot/modules/old-stats', ...multiarch]
    .map((name) => join(lib, name))
    .join(':');
}

type Configuration = DovecotOptions & {
  readonly home: string;
  readonly tree: string;
  readonly ports: MailPorts;
  readonly account: Account;
};

function writeConfiguration(configuration: Configuration): void {
  const { home, tls, account } = configuration;
  const files = {
    'certificate.pem': tls.certificate,
    'key.pem': tls.privateKey,
    'dovecot.conf': settings(configuration),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(home, name), text, { mode: 0o600 });
    giveTo(account, join(home, name));
  }
}

/** Without root's rights: one account for all its processes, nobody locked into a folder. */
function settings({ home, tree, ports, account, password }: Configuration): string {
  const { user, group } = namesOf(account);
  const login = (protocol: 'imap' | 'pop3'): string => `
service ${protocol}-login {
  chroot =
  inet_listener ${protocol} {
    port = ${ports[protocol]}
  }
  inet_listener ${protocol}s {
    port = ${ports[`${protocol}s`]}
    ssl = yes
  }
}`;
  return `
base_dir = ${home}/run
state_dir = ${home}/state
libexec_dir = ${tree}/usr/lib/dovecot
import_environment = LD_LIBRARY_PATH=${libraries(tree)}
log_path = /dev/stderr
listen = 127.0.0.1
protocols = imap pop3
default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
mail_location = maildir:~/
first_valid_uid = 1
ssl = yes
ssl_cert = <${home}/certificate.pem
ssl_key = <${home}/key.pem
auth_failure_delay = 0
passdb {
  driver = static
  args = password={PLAIN.B64}${Buffer.from(password).toString('base64')}
}
userdb {
  driver = static
  args = uid=${user} gid=${group} home=${home}/mail/%u
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
${login('imap')}
${login('pop3')}
`;
}

function openMaildir(path: string, account: Account): Maildir {
  for (const part of ['', 'tmp', 'new', 'cur']) makeFolder(join(path, part), account);
  let delivered = 0;
  return {
    deliver(mail) {
      const name = `${Date.now()}.${process.pid}_${(delivered += 1)}.test`;
      writeFileSync(join(path, 'tmp', name), mail);
      renameSync(join(path, 'tmp', name), join(path, 'new', name));
    },
    mails: () => ['new', 'cur'].flatMap((part) => readdirSync(join(path, part))).length,
    setWritable(writable) {
      for (const part of ['new', 'cur']) chmodSync(join(path, part), writable ? 0o700 : 0o500);
    },
  };
}

function makeFolder(path: string, account: Account, mode = 0o700): void {
  mkdirSync(path, { recursive: true, mode });
  giveTo(account, path);
}

async function greets(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(1000, () => socket.destroy());
  try {
    for await (const chunk of socket) return /OK/.test((chunk as Buffer).toString());
    return false;
  } catch {
    // Not listening yet: asked again.
    return false;
  } finally {
    socket.destroy();
  }
}

export { dovecotTree, startDovecot, type DovecotServer, type Maildir } from './dovecot.ts';
export { freePorts } from './free-ports.ts';
export { startPostgres, type Durability, type PostgresServer, type ServerOptions } from './postgres.ts';
export { managementOf, type RabbitManagement } from './rabbit-management.ts';
export { startRabbit, type RabbitServer } from './rabbit.ts';
export { startServers, startServersIn, type Servers, type ServersOptions } from './servers.ts';
export { FolderInUseError, openStateFolder, type StateFolder } from './state-folder.ts';

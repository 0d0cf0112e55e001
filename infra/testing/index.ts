export { bareEnvironment } from './bare-environment.ts';
export { createTestDatabase, type Prepared, type TestDatabase } from './test-database.ts';
export { createTestVhost, type TestVhost } from './test-vhost.ts';
export { createWorld, type World, type WorldOptions } from './world.ts';
export { listeningPort } from './listening-port.ts';

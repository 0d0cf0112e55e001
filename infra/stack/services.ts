import { join } from 'node:path';

import { projectRoot } from '../servers/state-folder.ts';

/** Ports of one process, all on 127.0.0.1. */
export type ServicePorts = {
  readonly health: number;
  /** What the service is there for, where it listens for others at all. */
  readonly front: number;
};

export type ServiceDefinition = {
  readonly name: string;
  readonly file: string;
  /** The setting that takes the front port. */
  readonly frontPortSetting?: string;
};

function service(name: string, frontPortSetting?: string): ServiceDefinition {
  const file = join(projectRoot, 'services', name, 'src', 'main.ts');
  return frontPortSetting === undefined ? { name, file } : { name, file, frontPortSetting };
}

/** In the order of a message's journey. */
export const services = {
  ingestApi: service('ingest-api', 'MXFLOW_API_PORT'),
  dispatcher: service('dispatcher'),
  mtaWorker: service('mta-worker'),
  bounceProcessor: service('bounce-processor', 'MXFLOW_BOUNCE_SMTP_PORT'),
  deliverabilityHub: service('deliverability-hub', 'MXFLOW_HUB_PORT'),
  deliverabilitySync: service('deliverability-sync'),
} as const;

import type { Database, HubCaller, HubPull, HubRole } from '@mxflow/db';
import type { AuditTrail, HttpApi } from '@mxflow/http-api';
import type { SigningKey } from '@mxflow/rule-set';

import type { Checker } from './checker.ts';
import type { HubEvents } from './events.ts';
import type { Shelf } from './shelf.ts';

/** What the routes work with. */
export type HubParts = {
  readonly api: HttpApi;
  readonly database: Database;
  readonly shelf: Shelf;
  readonly keys: readonly SigningKey[];
  readonly checker: Checker;
  readonly events: HubEvents;
  /** Who came for the newest rule set, written in batches. */
  readonly pulls: Pick<AuditTrail<HubPull>, 'add'>;
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may come in; an editor may do what a client may. A route without it is open to everybody and not audited. */
    role?: HubRole;
  }
  interface FastifyRequest {
    /** Set before any body is read, on every route with a role. */
    hubCaller: HubCaller | null;
  }
}

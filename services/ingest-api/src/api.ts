import type { Caller, Database, Scope } from '@mxflow/db';
import type { MxResolution } from '@mxflow/domain';
import type { HttpApi, Pace } from '@mxflow/http-api';
import type { Messaging } from '@mxflow/messaging';

import type { Admission } from './admission.ts';
import type { IngestEvents } from './events.ts';

export type ApiLimits = {
  /** Octets of a job in one piece, and of the first line of a stream. */
  readonly bodyOctets: number;
  /** Octets of bodies in memory at once. */
  readonly heldOctets: number;
  /** Streams received at once. */
  readonly streams: number;
  readonly pace: Pace;
  /** How long whoever receives a job is believed alive without a sign of life. */
  readonly receiverLeaseSeconds: number;
};

/** What the routes work with. */
export type ApiParts = {
  readonly database: Database;
  readonly messaging: Pick<Messaging, 'publishMany' | 'health'>;
  readonly events: IngestEvents;
  readonly admission: Admission;
  readonly limits: ApiLimits;
  /** Where a domain's mail goes. */
  readonly resolveMx: (domain: string) => Promise<MxResolution>;
  /** The instance's secret: webhook secrets are sealed under it. */
  readonly secret: string;
  /** Networks (CIDR) that webhooks may reach though they are private. */
  readonly privateWebhooks: readonly string[];
};

export type Api = HttpApi;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must allow to come in; a route without it is open to everybody and not audited. */
    scope?: Scope;
    /** Takes `application/x-ndjson` besides JSON. */
    takesStream?: boolean;
    /** Takes `text/csv` and nothing else. */
    takesCsv?: boolean;
  }
  interface FastifyRequest {
    /** Set before any body is read, on every route with a scope. */
    caller: Caller | null;
  }
}

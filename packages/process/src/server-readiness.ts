import type { Health } from './health.ts';

/** What a service stands on, as far as its readiness goes. */
export type ServersInUse = {
  readonly database: { answers(): Promise<boolean> };
  /** Left out by a service that does its work without the broker too. */
  readonly messaging?: { health(): { readonly publishing: boolean; readonly consuming: boolean } };
};

/** A service is ready while Postgres answers and, where it needs the broker, both connections to it are up. */
export function requireServers(health: Health, { database, messaging }: ServersInUse): Disposable {
  const checks = new DisposableStack();
  checks.use(
    health.addReadiness('postgres', async () => {
      if (!(await database.answers())) throw new Error('does not answer');
    }),
  );
  if (messaging === undefined) return checks;
  checks.use(
    health.addReadiness('broker', async () => {
      const { publishing, consuming } = messaging.health();
      if (!publishing || !consuming) throw new Error('not connected');
    }),
  );
  return checks;
}

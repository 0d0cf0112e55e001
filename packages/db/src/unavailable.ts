/** Prisma's codes for a server that cannot be reached, closed the connection, or had no connection free in time. */
const CLIENT_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028']);
const ADAPTER_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);
const SOCKET_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND']);
/**
 * SQLSTATE classes: connection exception, insufficient resources, operator intervention (shutdown, start-up); and the one
 * state that a database is in while it takes no connections.
 */
const SQLSTATE = /^(?:08...|53...|57P0.|55000)$/;
/** What the driver itself throws has no code. */
const DRIVER_TEXT = /^(?:Connection terminated|timeout exceeded when trying to connect)/;

/** True where a statement failed because Postgres is away or overloaded: repeating it later may help. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, meta } = error as Error & { code?: unknown; meta?: { driverAdapterError?: { cause?: unknown } } };
  const cause = (meta?.driverAdapterError?.cause ?? error.cause ?? {}) as {
    kind?: unknown;
    code?: unknown;
    originalCode?: unknown;
  };
  return (
    CLIENT_CODES.has(String(code)) ||
    SOCKET_CODES.has(String(code)) ||
    ADAPTER_KINDS.has(String(cause.kind)) ||
    [code, cause.code, cause.originalCode].some((each) => typeof each === 'string' && SQLSTATE.test(each)) ||
    DRIVER_TEXT.test(error.message)
  );
}

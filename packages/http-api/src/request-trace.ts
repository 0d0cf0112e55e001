import { extractTrace, withSpan } from '@mxflow/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Runs the rest of a request inside a span that goes on with the caller's trace and ends with the answer. */
export function traceRequest(request: FastifyRequest, reply: FastifyReply, proceed: () => void): void {
  const route = request.routeOptions.url ?? 'unmatched';
  const { method } = request;
  void withSpan(
    { name: `${method} ${route}`, side: 'server', parent: extractTrace(request.headers) },
    { 'http.request.method': method, 'http.route': route },
    async (span) => {
      const answered = new Promise<void>((resolve) => reply.raw.once('close', resolve));
      proceed();
      await answered;
      span.setAttribute('http.response.status_code', reply.statusCode);
    },
  );
}

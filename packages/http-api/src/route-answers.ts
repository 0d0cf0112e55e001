import { Problem } from '@mxflow/contracts';
import type { TSchema } from 'typebox';

/** The problem answers of a route, for its description. */
export function problemsOf(...statusCodes: readonly number[]): Record<number, object> {
  return Object.fromEntries(statusCodes.map((statusCode) => [statusCode, inMediaType(Problem)]));
}

function inMediaType(schema: TSchema): object {
  return { description: 'Problem details (RFC 9457)', content: { 'application/problem+json': { schema } } };
}

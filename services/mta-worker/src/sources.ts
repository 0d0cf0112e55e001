import { existsSync, readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { isIP } from 'node:net';
import type { Source } from '@mxflow/domain';
import { Type } from 'typebox';
import { Compile } from 'typebox/schema';

/** A mask over recipient domains: `*` for any run of characters, `?` for one. */
const DomainMask = Type.String({ pattern: '^[A-Za-z0-9.*?-]{1,253}$' });

const SOURCES = Compile(
  Type.Array(
    Type.Object(
      {
        publicId: Type.Integer({ minimum: 1 }),
        publicIp: Type.String(),
        bindAddress: Type.Optional(Type.String()),
        heloName: Type.String({ pattern: '^[A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?$' }),
        weight: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 })),
        includeDomains: Type.Optional(Type.Array(DomainMask, { maxItems: 1000 })),
        excludeDomains: Type.Optional(Type.Array(DomainMask, { maxItems: 1000 })),
        pools: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1 })),
      },
      { additionalProperties: false },
    ),
    { minItems: 1, maxItems: 1000 },
  ),
);

/** The list of sources is not one; nothing can be sent with it. */
export class SourcesError extends Error {
  override readonly name = 'SourcesError';
  readonly code = 'MXFLOW_SOURCES';
}

/**
 * Reads the sources: a JSON list, or the path of a file with one. Without any the machine itself is the one source,
 * in pool `default`, at whatever address the system chooses.
 */
export function readSources(text: string | undefined): readonly Source[] {
  if (text === undefined)
    return [{ publicId: 1, publicIp: '0.0.0.0', heloName: hostname(), weight: 1, pools: ['default'] }];
  const list = parse(text);
  if (!SOURCES.Check(list)) {
    const [, [fault]] = SOURCES.Errors(list);
    throw new SourcesError(`sources${fault?.instancePath ?? ''}: ${fault?.message ?? 'not a list of sources'}`);
  }
  const sources = list.map((source) => ({ weight: 1, pools: ['default'], ...source }));
  for (const [index, source] of sources.entries()) {
    for (const field of ['publicIp', 'bindAddress'] as const) {
      const address = source[field];
      if (address !== undefined && isIP(address) === 0) {
        throw new SourcesError(`sources/${index}/${field}: expected an IP address, found '${address}'`);
      }
    }
    if (sources.findIndex(({ publicId }) => publicId === source.publicId) !== index) {
      throw new SourcesError(`sources/${index}/publicId: ${source.publicId} is given twice`);
    }
  }
  return sources;
}

/** Those of the sources that this host can bind. Loopback addresses are all there on Linux. */
export function bindableSources(sources: readonly Source[]): readonly Source[] {
  const local = new Set(
    Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address)),
  );
  return sources.filter(
    ({ bindAddress }) => bindAddress === undefined || local.has(bindAddress) || bindAddress.startsWith('127.'),
  );
}

function parse(text: string): unknown {
  const json = text.trimStart().startsWith('[') || !existsSync(text) ? text : readFileSync(text, 'utf8');
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new SourcesError('expected a JSON list of sources, or the path of a file with one', { cause });
  }
}

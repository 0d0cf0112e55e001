import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const usage = `npm start -- [--workers N] [--endpoints FILE] [--sources FILE] [--data NAME] [--fresh]

  --workers N       mta-workers to run (default 1)
  --endpoints FILE  write api, apiKey, hub, hubKey, databaseUrl, amqpUrl, bounceSmtp and metrics there as JSON
  --sources FILE    JSON list of sources: publicId, publicIp, bindAddress, heloName, weight, pools
  --data NAME       keep the data apart under this name (default "start")
  --fresh           forget what an earlier start of that name left

With DATABASE_URL and AMQP_URL set it runs on those servers. MXFLOW_DNS (HOST:PORT), MXFLOW_SMTP_PORT,
MXFLOW_PRIVATE_MX (list of CIDR) and every other setting of the services are passed on to them, but for the ports that
they listen at: those are free ones, which --endpoints tells.
`;

export type StartArguments = {
  readonly workers: number;
  readonly endpointsFile: string | undefined;
  readonly sources: string | undefined;
  readonly name: string;
  readonly fresh: boolean;
};

/** A fault of the command line, worded for the person who typed it. */
export class ArgumentsError extends Error {
  readonly code = 'MXFLOW_ARGUMENTS';
}

const mostWorkers = 64;

export function parseStartArguments(argv: readonly string[]): StartArguments {
  const { values } = parse(argv);
  const workers = Number(values.workers);
  if (!Number.isInteger(workers) || workers < 1 || workers > mostWorkers) {
    throw new ArgumentsError(`--workers: expected a whole number from 1 to ${mostWorkers}, found "${values.workers}"`);
  }
  if (!/^[a-z0-9-]{1,32}$/.test(values.data)) {
    throw new ArgumentsError(`--data: expected up to 32 of a-z, 0-9 and -, found "${values.data}"`);
  }
  return {
    workers,
    endpointsFile: values.endpoints === undefined ? undefined : fromCaller(values.endpoints),
    sources: values.sources === undefined ? undefined : readSources(fromCaller(values.sources)),
    name: values.data,
    fresh: values.fresh,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        workers: { type: 'string', default: '1' },
        endpoints: { type: 'string' },
        sources: { type: 'string' },
        data: { type: 'string', default: 'start' },
        fresh: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new ArgumentsError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The services check what the list says; here only that there is one. */
function readSources(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (Array.isArray(JSON.parse(text))) return text;
  } catch (error) {
    throw new ArgumentsError(`--sources: ${String(error)}`, { cause: error });
  }
  throw new ArgumentsError(`--sources: expected a JSON list in ${file}`);
}

/** npm runs its scripts in the project's folder and leaves the caller's own in INIT_CWD. */
function fromCaller(file: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), file);
}

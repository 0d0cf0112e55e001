import { isIP } from 'node:net';
import { parseArgs } from 'node:util';

import type { SmtpTarget } from './report-sender.ts';
import { ScenarioError } from './scenario.ts';

export const USAGE = `Runs simulated mailbox providers until interrupted, and prints one JSON line when they are ready.

  --scenario FILE        the world as JSON, or "demo" for the sample campaign's (default)
  --seed NUMBER          instead of the scenario's
  --port NUMBER          SMTP port of all MX hosts (default: a free one)
  --dns-port NUMBER      (default: a free one)
  --dns-address ADDRESS  (default: 127.0.0.1, or that of --listen)
  --listen ADDRESS       listen here instead of at each host's own address, as in containers (0.0.0.0)
  --only NAME            listen for this provider only, with DNS for all; may be repeated
  --advertise NAME=HOST  the address (or a name that resolves to it) of a provider's MX host; may be repeated,
                         the first for the first host, and so on
  --referee FILE         raw file of what the providers saw (default: provider-sim.ndjson)
  --bounce-to HOST:PORT  where later bounces and complaints are mailed to
  --control-port NUMBER  HTTP for changing behaviour and reading the analysis (default: none)
  --control-address ADDRESS  (default: 127.0.0.1)
`;

export type CommandLine = {
  readonly scenario: string;
  readonly seed: number | undefined;
  readonly port: number;
  readonly dnsPort: number;
  readonly dnsAddress: string | undefined;
  readonly listenAt: string | undefined;
  readonly only: readonly string[] | undefined;
  readonly advertise: readonly { readonly provider: string; readonly host: string }[];
  readonly refereeFile: string;
  readonly bounceTo: SmtpTarget | undefined;
  readonly control: { readonly address: string; readonly port: number } | undefined;
  readonly help: boolean;
};

/** Reads the arguments of the command; what does not fit is thrown as a ScenarioError. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', default: 'demo' },
      seed: { type: 'string' },
      port: { type: 'string', default: '0' },
      'dns-port': { type: 'string', default: '0' },
      'dns-address': { type: 'string' },
      listen: { type: 'string' },
      only: { type: 'string', multiple: true },
      advertise: { type: 'string', multiple: true, default: [] },
      referee: { type: 'string', default: 'provider-sim.ndjson' },
      'bounce-to': { type: 'string' },
      'control-port': { type: 'string' },
      'control-address': { type: 'string', default: '127.0.0.1' },
      help: { type: 'boolean', default: false },
    },
  });
  const { listen, seed } = values;
  if (listen !== undefined && isIP(listen) === 0) throw new ScenarioError(`expected --listen IP, found ${listen}`);
  const controlPort = values['control-port'];
  return {
    scenario: values.scenario,
    seed: seed === undefined ? undefined : integer('--seed', seed),
    port: portNumber('--port', values.port),
    dnsPort: portNumber('--dns-port', values['dns-port']),
    dnsAddress: values['dns-address'] ?? listen,
    listenAt: listen,
    only: values.only,
    advertise: values.advertise.map(advertised),
    refereeFile: values.referee,
    bounceTo: values['bounce-to'] === undefined ? undefined : hostAndPort('--bounce-to', values['bounce-to']),
    control:
      controlPort === undefined
        ? undefined
        : { address: values['control-address'], port: portNumber('--control-port', controlPort) },
    help: values.help,
  };
}

function integer(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new ScenarioError(`expected ${name} a whole number, found ${text}`);
  return value;
}

function portNumber(name: string, text: string): number {
  const port = integer(name, text);
  if (port < 0 || port > 65_535) throw new ScenarioError(`expected ${name} from 0 to 65535, found ${text}`);
  return port;
}

function hostAndPort(name: string, text: string): SmtpTarget {
  const colon = text.lastIndexOf(':');
  if (colon < 1) throw new ScenarioError(`expected ${name} HOST:PORT, found ${text}`);
  return { host: text.slice(0, colon), port: portNumber(name, text.slice(colon + 1)) };
}

function advertised(text: string): { provider: string; host: string } {
  const equals = text.indexOf('=');
  if (equals < 1) throw new ScenarioError(`expected --advertise NAME=HOST, found ${text}`);
  return { provider: text.slice(0, equals), host: text.slice(equals + 1) };
}

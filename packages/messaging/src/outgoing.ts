import type { MessageKey } from '@mxflow/contracts';

import { firstFault, fitsContract } from './contract-check.ts';
import { ContractError } from './errors.ts';
import type { PublishOptions } from './messaging.ts';
import type { Parcel } from './publisher.ts';
import { routeOf } from './topology.ts';
import { activeTraceparent } from './trace-context.ts';

type Unpacked = PublishOptions & { readonly key: MessageKey; readonly body: unknown };

/** Puts a message into the form of the wire. Throws ContractError where `validate` finds a body that is not its key's. */
export function pack({ key, body, queue, traceparent = activeTraceparent() }: Unpacked, validate: boolean): Parcel {
  if (validate && !fitsContract(key, body)) {
    throw new ContractError(`expected a body of ${key}, found one whose ${firstFault(key, body)}`);
  }
  const route =
    queue === undefined ? { ...routeOf(key), routingKey: key } : { exchange: '', routingKey: queue, mandatory: true };
  return {
    ...route,
    type: key,
    content: Buffer.from(JSON.stringify(body)),
    ...(traceparent === undefined ? {} : { headers: { traceparent } }),
  };
}

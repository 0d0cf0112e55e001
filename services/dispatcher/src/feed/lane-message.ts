import type { ReleasedMessage } from '@mxflow/db';
import { laneQueue, type Outgoing } from '@mxflow/messaging';

/** What the lane's queue carries of released work. It goes on in the trace of the job's post. */
export function laneMessage(laneId: number, released: ReleasedMessage): Outgoing {
  const { source, traceparent, ...body } = released;
  return {
    key: 'delivery.requested.v1',
    body: source === null ? body : { ...body, source },
    queue: laneQueue(laneId),
    ...(traceparent === null ? {} : { traceparent }),
  };
}

import { listLanes, type Database } from '@mxflow/db';
import type { Source } from '@mxflow/domain';
import type { ConsumedMessage, LaneConsumption, LaneQueue, Messaging, Verdict } from '@mxflow/messaging';

/** Keeps this worker consuming every lane of whose pool it can bind a source. */
export type Lanes = {
  /** Looks for new lanes. */
  refresh(): Promise<void>;
  /** Stops consuming all; resolves when every message in hand is settled. */
  stop(deadlineMs: number): Promise<void>;
};

export function createLanes(options: {
  readonly database: Database;
  readonly messaging: Messaging;
  readonly sources: readonly Source[];
  /** Messages of one lane in this worker's hands. */
  readonly prefetch: number;
  readonly intake: (sources: readonly Source[]) => (message: ConsumedMessage<LaneQueue>) => Promise<Verdict>;
}): Lanes {
  const consumptions = new Map<number, LaneConsumption>();
  return {
    refresh: async () => {
      for (const { laneId, pool } of await listLanes(options.database)) {
        const sources = options.sources.filter(({ pools }) => pools.includes(pool));
        if (consumptions.has(laneId) || sources.length === 0) continue;
        const queue = await options.messaging.declareLane(laneId);
        const { prefetch } = options;
        consumptions.set(
          laneId,
          await options.messaging.consume({ queue, prefetch, handler: options.intake(sources) }),
        );
      }
    },
    stop: async (deadlineMs) => {
      await Promise.all([...consumptions.values()].map((consumption) => consumption.stop(deadlineMs)));
    },
  };
}

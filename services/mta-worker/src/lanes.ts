import { listLanes, type Database } from '@mxflow/db';
import type { Source } from '@mxflow/domain';
import type { ConsumedMessage, LaneConsumption, LaneQueue, Messaging, Verdict } from '@mxflow/messaging';

/** Keeps this worker consuming every lane of whose pool it can bind a source. */
export type Lanes = {
  /** Looks for lanes that are new, and for those that are gone. */
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
      const lanes = await listLanes(options.database);
      const there = new Set(lanes.map(({ laneId }) => laneId));
      for (const [laneId, consumption] of consumptions) {
        if (there.has(laneId)) continue;
        // Its rule is gone, and nothing was left in it.
        consumptions.delete(laneId);
        await consumption.stop(0);
      }
      for (const { laneId, pool } of lanes) {
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

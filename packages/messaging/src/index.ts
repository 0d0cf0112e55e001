export * from './connect.ts';
export * from './errors.ts';
export type * from './messaging.ts';
export type { ParkedMessage, Replay } from './parked.ts';
export { laneQueue, type KeyOn, type LaneQueue, type MessageOn, type QueueName } from './topology.ts';
export * from './verdict.ts';

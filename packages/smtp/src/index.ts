export type { Capabilities } from './capabilities.ts';
export type { ConnectOptions, SessionEnd, SessionEvent } from './connect-options.ts';
export type { Endpoint, TlsInfo, TlsOptions } from './connection.ts';
export type { OpeningStage, TlsPolicy } from './dialog-state.ts';
export { isSevenBit, stuffDots, type WireContent } from './dot-stuffing.ts';
export type { MessageOrder } from './message-order.ts';
export type { Loss, LossReason, Outcome, Stage } from './outcome.ts';
export { connect, type ConnectResult, type Session } from './session.ts';
export type { Timeouts } from './timeouts.ts';

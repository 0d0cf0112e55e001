/** No queue took a message that must not be lost: the lane was not declared, or was deleted. */
export class UnroutableError extends Error {
  override readonly name = 'UnroutableError';
  readonly code = 'MXFLOW_UNROUTABLE';
}

/** A body does not have the shape that its key promises: the program is broken, nothing was sent. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly code = 'MXFLOW_CONTRACT';
}

/** The messaging was closed before the broker confirmed; the message may or may not have arrived. */
export class MessagingClosedError extends Error {
  override readonly name = 'MessagingClosedError';
  readonly code = 'MXFLOW_MESSAGING_CLOSED';
}

/** No broker answered within the time given to the first connection. */
export class BrokerUnreachableError extends Error {
  override readonly name = 'BrokerUnreachableError';
  readonly code = 'MXFLOW_BROKER_UNREACHABLE';
}

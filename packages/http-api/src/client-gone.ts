/** The client closed its connection before its request was whole: nobody is left to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
  readonly code = 'MXFLOW_CLIENT_GONE';

  constructor(cause: unknown) {
    super('expected the rest of the request, the client closed the connection', { cause });
  }
}

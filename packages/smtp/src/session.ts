import type { Buffer } from 'node:buffer';

import type { Capabilities } from './capabilities.ts';
import type { ConnectOptions, SessionEnd } from './connect-options.ts';
import { openConnection, type Connection, type TlsInfo } from './connection.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import type { DialogAction, DialogState, OpeningStage } from './dialog-state.ts';
import { advanceDialog, openDialog, type DialogEvent } from './dialog.ts';
import { isSevenBit, stuffDots, type WireContent } from './dot-stuffing.ts';
import type { MessageOrder } from './message-order.ts';
import { lossOf, type Loss, type Outcome } from './outcome.ts';
import { atReplyBoundary, EMPTY_READER, readReplies, type ReaderState } from './reply-reader.ts';
import { limitFor } from './timeouts.ts';

export type ConnectResult =
  | { readonly kind: 'ready'; readonly session: Session }
  /** The connection is closed already; `peerClosed` as in `SessionEnd`, true also where the system says that there never was one. */
  | ({
      readonly kind: 'failed';
      readonly stage: 'connect' | OpeningStage;
      readonly peerClosed: boolean;
    } & Loss);

const CUT_OFF = lossOf('aborted', 'Cut off by our own wish');
/** How long a server that was cut off may take to close its own end; after that the connection is reset. */
const FAREWELL_MS = 2000;

type InHand = {
  readonly wire: WireContent | undefined;
  readonly beforeMail: (() => boolean) | undefined;
  readonly resolve: (outcome: Outcome) => void;
};

/**
 * Opens an SMTP session, up to where it takes messages. A failure says at which stage it came: the caller decides whether another
 * address, or the same one without TLS, is worth a try.
 */
export async function connect(options: ConnectOptions): Promise<ConnectResult> {
  const opened = await openConnection(options, options.timeouts.connectMs, options.signal);
  if (opened.kind === 'failed') {
    return {
      kind: 'failed',
      stage: 'connect',
      peerClosed: opened.loss.errno !== undefined,
      ...opened.loss,
    };
  }
  return await new Promise<ConnectResult>((resolve) => {
    new Session(options, opened.connection, resolve);
  });
}

/** One SMTP session, which sends one message at a time. Obtained from `connect`. */
export class Session implements AsyncDisposable {
  readonly #options: ConnectOptions;
  readonly #connection: Connection;
  readonly #deadline: Deadline;
  readonly #closed = Promise.withResolvers<SessionEnd>();
  readonly #onAbort = (): void => this.#cutOff();
  #opening: ((result: ConnectResult) => void) | undefined;
  #failedAt: OpeningStage | undefined;
  #dialog: DialogState;
  #reader: ReaderState = EMPTY_READER;
  #inHand: InHand | undefined;
  #loss: Loss | undefined;
  #tlsInfo: TlsInfo | undefined;
  #messagesSent = 0;
  #isCutOff = false;

  constructor(options: ConnectOptions, connection: Connection, opening: (result: ConnectResult) => void) {
    this.#options = options;
    this.#connection = connection;
    this.#opening = opening;
    this.#dialog = openDialog({
      heloName: options.heloName,
      tlsPolicy: options.tls.policy,
      pipelining: options.pipelining ?? true,
    });
    this.#deadline = createDeadline(() => this.#onTimeOut());
    this.#connection.listen({
      received: (chunk) => this.#receive(chunk),
      ended: (loss) => this.#dispatch({ kind: 'lost', loss }),
      released: (peerClosed) => this.#release(peerClosed),
    });
    this.#setDeadline();
    options.signal?.addEventListener('abort', this.#onAbort);
    if (options.signal?.aborted === true) this.#onAbort();
  }

  /** `closed` from the first sign of an end on: such a session takes no message any more. */
  get state(): 'ready' | 'closed' {
    return this.#dialog.phase.kind === 'closed' || this.#dialog.phase.kind === 'leaving' ? 'closed' : 'ready';
  }

  /** MAIL commands written, which is what providers count. */
  get messagesSent(): number {
    return this.#messagesSent;
  }

  get capabilities(): Capabilities {
    return this.#dialog.capabilities;
  }

  /** `undefined` in clear. */
  get tlsInfo(): TlsInfo | undefined {
    return this.#tlsInfo;
  }

  /** Sends one message, or verifies its forward-path. Never rejects for what the server does; the next may follow the outcome. */
  async send(order: MessageOrder): Promise<Outcome> {
    if (this.#inHand !== undefined) throw new Error('expected no message in hand, found one that is not settled');
    if (this.state === 'closed') {
      return {
        kind: 'unreachable',
        loss: this.#loss ?? lossOf('quit', 'The session is closed'),
        mailSent: false,
      };
    }
    const wire = order.verifyOnly === true ? undefined : stuffDots(order.content);
    const content = wire && { sizeOctets: wire.sizeOctets, sevenBit: isSevenBit(order.content) };
    return await new Promise<Outcome>((resolve) => {
      this.#inHand = { wire, beforeMail: order.beforeMail, resolve };
      const { reversePath, forwardPath, smtpUtf8 } = order;
      this.#dispatch({ kind: 'message', message: { reversePath, forwardPath, smtpUtf8, content } });
    });
  }

  /** QUIT, then waits until the server has closed its end, or `quitMs` twice over has passed and the connection is reset. */
  async quit(): Promise<SessionEnd> {
    if (this.#inHand !== undefined) throw new Error('expected no message in hand, found one that is not settled');
    if (this.state === 'ready') this.#dispatch({ kind: 'quit' });
    return await this.#closed.promise;
  }

  /** Cuts the session off with RST, unless its signal did so. A message in hand is unreachable, or in doubt. */
  async abort(): Promise<SessionEnd> {
    if (!this.#isCutOff) {
      this.#dispatch({ kind: 'lost', loss: CUT_OFF });
      this.#connection.reset();
    }
    return await this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#dialog.phase.kind === 'ready' ? this.quit() : this.abort());
  }

  /** Ends at once what is under way; the server has a moment to show that it has seen the end. */
  #cutOff(): void {
    if (this.#dialog.phase.kind === 'closed') return;
    this.#isCutOff = true;
    this.#dispatch({ kind: 'lost', loss: CUT_OFF });
    this.#connection.finish();
    this.#deadline.set(Math.min(FAREWELL_MS, this.#options.timeouts.quitMs));
  }

  #receive(chunk: Buffer): void {
    if (this.#dialog.phase.kind === 'closed') return;
    const { state, replies, fault } = readReplies(this.#reader, chunk);
    this.#reader = state;
    const trailing = fault !== undefined || !atReplyBoundary(state);
    for (const [index, reply] of replies.entries()) {
      this.#dispatch({
        kind: 'reply',
        reply,
        followedByMore: trailing || index < replies.length - 1,
      });
    }
    if (fault !== undefined) this.#lose('protocol-error', `No SMTP reply: ${fault.kind}`);
    else if (trailing && this.#dialog.expected.length === 0) this.#lose('protocol-error', 'The server speaks unasked');
  }

  #dispatch(event: DialogEvent): void {
    const { state, actions } = advanceDialog(this.#dialog, event);
    this.#dialog = state;
    this.#setDeadline();
    for (const action of actions) this.#perform(action);
  }

  #perform(action: DialogAction): void {
    switch (action.kind) {
      case 'write':
        return this.#connection.write(action.text);
      case 'ask-to-start':
        return this.#start();
      case 'write-content':
        return this.#writeContent();
      case 'start-tls':
        return void this.#startTls();
      case 'opened':
        return this.#finishOpening({ kind: 'ready', session: this });
      case 'failed':
        this.#failedAt = action.stage;
        return;
      case 'outcome':
        return this.#settle(action.outcome);
      case 'misbehaved':
        return this.#options.onEvent?.(action);
      case 'close':
        this.#loss = action.loss;
        if (action.manner === 'quit') this.#connection.write('QUIT\r\n');
        if (action.manner === 'reset') this.#connection.reset();
        return;
    }
  }

  #start(): void {
    const allowed = this.#inHand?.beforeMail?.() ?? true;
    if (allowed) this.#messagesSent += 1;
    this.#dispatch({ kind: 'start', allowed });
  }

  #writeContent(): void {
    const wire = this.#inHand?.wire;
    if (wire === undefined) throw new Error('expected a content in hand, found none');
    this.#connection.writeContent(wire.wire, (isLast) => {
      // A server that said 421 meanwhile has its last word, and is not to find a whole message behind it.
      if (this.#dialog.phase.kind !== 'sending') return false;
      if (isLast) this.#dispatch({ kind: 'completing' });
      else this.#setDeadline();
      return true;
    });
  }

  async #startTls(): Promise<void> {
    const secured = await this.#connection.secure(this.#options.tls);
    if (secured.kind === 'failed') return this.#dispatch({ kind: 'lost', loss: secured.loss });
    this.#tlsInfo = secured.info;
    this.#dispatch({ kind: 'secured' });
  }

  #settle(outcome: Outcome): void {
    const inHand = this.#inHand;
    this.#inHand = undefined;
    inHand?.resolve(outcome);
  }

  #finishOpening(result: ConnectResult): void {
    this.#opening?.(result);
    this.#opening = undefined;
  }

  #setDeadline(): void {
    const limit = limitFor(this.#dialog, this.#options.timeouts);
    if (limit === undefined) this.#deadline.lift();
    else this.#deadline.set(limit.ms);
  }

  /** A server that does not close after QUIT or 421 within its time is cut off; so is one that owes anything else. */
  #onTimeOut(): void {
    if (this.#dialog.phase.kind === 'closed') return this.#connection.reset();
    const limit = limitFor(this.#dialog, this.#options.timeouts);
    this.#lose('timed-out', `No ${limit?.awaited ?? 'reply'} within ${limit?.ms ?? 0} ms`);
  }

  #lose(reason: 'timed-out' | 'protocol-error', detail: string): void {
    this.#dispatch({ kind: 'lost', loss: lossOf(reason, detail) });
  }

  #release(peerClosed: boolean): void {
    this.#deadline.stop();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    const end: SessionEnd = {
      loss: this.#loss ?? lossOf('network-error', 'The connection was closed'),
      peerClosed,
    };
    if (this.#failedAt !== undefined) {
      this.#finishOpening({ kind: 'failed', stage: this.#failedAt, peerClosed, ...end.loss });
    }
    this.#closed.resolve(end);
    this.#options.onEvent?.({ kind: 'closed', ...end });
  }
}

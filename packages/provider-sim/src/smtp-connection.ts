import type net from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';

import type { Behaviour, Stage } from './behaviour.ts';
import type { Answer } from './answer.ts';
import { replyDelayMs, type ProviderState } from './provider-state.ts';
import type { Party } from './referee.ts';
import { parseCommand } from './smtp-command.ts';
import { SmtpDialog } from './smtp-dialog.ts';
import type { Next, Step } from './smtp-step.ts';

/** One address of one MX host, as its connections see it. */
export type MxEndpoint = {
  readonly host: string;
  readonly address: string;
  readonly provider: ProviderState;
  readonly behaviour: () => Behaviour;
  readonly secureContext: () => SecureContext;
};

const EMPTY = Buffer.alloc(0);
const LINE_FEED = 10;
/** A command line longer than this, SMTPUTF8 and long VERP paths allowed for, ends the connection. */
const LONGEST_LINE_OCTETS = 8192;
/** Reading stops while so much waits for a reply that is held back. */
const MOST_WAITING_OCTETS = 1_048_576;
/** A client that does not close after we did is cut off. */
const LINGER_MS = 2000;

/**
 * The socket of one connection: cuts octets into commands and contents, and carries out the dialogue's answers.
 *
 * All replies to what arrived in one packet leave in one write. While a reply is held back nothing behind it is read, so
 * replies keep their order.
 */
export class SmtpConnection {
  readonly #endpoint: MxEndpoint;
  readonly #party: Party;
  readonly #dialog: SmtpDialog;
  readonly #raw: net.Socket;
  #socket: net.Socket;
  #pending: Buffer = EMPTY;
  #offset = 0;
  #mode: Exclude<Next, { kind: 'handshake' }> = { kind: 'commands' };
  #out = '';
  #state: 'reading' | 'holding' | 'deaf' | 'ended' = 'reading';
  #timer: NodeJS.Timeout | undefined;
  #counted = true;
  #bodySeen = false;

  constructor(socket: net.Socket, endpoint: MxEndpoint) {
    const { provider, host, address, behaviour } = endpoint;
    const source = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
    this.#endpoint = endpoint;
    this.#raw = socket;
    this.#socket = socket;
    this.#party = provider.referee.opened(source, address, provider.name);
    provider.connected(source, address, 1);
    this.#dialog = new SmtpDialog({ provider, party: this.#party, host, behaviour });
    socket.setNoDelay(true);
    socket.on('close', () => this.#closed());
    const { idleTimeoutMs } = behaviour();
    if (idleTimeoutMs !== undefined) socket.setTimeout(idleTimeoutMs, () => this.#idle(host));
    this.#listen(socket);
    this.#carryOut(this.#dialog.greet());
    this.#flush();
  }

  /** Ends the connection from this side: by FIN, or by RST. */
  end(how: 'close' | 'reset'): void {
    if (this.#state === 'ended') {
      if (how === 'reset') this.#reset();
      return;
    }
    // The last words leave whole, even where replies dribble: the FIN must follow them.
    if (this.#out !== '') this.#socket.write(this.#out, 'utf8');
    this.#state = 'ended';
    this.#uncount();
    if (how === 'reset') {
      this.#reset();
      return;
    }
    this.#socket.end();
    this.#timer = setTimeout(() => this.#raw.destroy(), LINGER_MS);
    this.#timer.unref();
  }

  /** RST, but where our FIN is already on its way: Node refuses to reset such a socket and then never closes it. */
  #reset(): void {
    if (this.#socket.writableEnded || this.#raw.writableEnded) this.#raw.destroy();
    else this.#raw.resetAndDestroy();
  }

  #listen(socket: net.Socket): void {
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('end', () => this.#uncount());
    // A reset by the client: 'close' follows and is all that matters.
    socket.on('error', () => this.#raw.destroy());
  }

  #received(chunk: Buffer): void {
    if (this.#state === 'deaf' || this.#state === 'ended') return;
    const waiting = this.#pending.length - this.#offset;
    this.#pending = waiting === 0 ? chunk : Buffer.concat([this.#pending.subarray(this.#offset), chunk]);
    this.#offset = 0;
    if (this.#state === 'reading') this.#consume();
    else if (this.#pending.length > MOST_WAITING_OCTETS) this.#socket.pause();
  }

  #consume(): void {
    while (this.#state === 'reading' && this.#offset < this.#pending.length) {
      if (!this.#consumeOne()) break;
    }
    if (this.#offset === this.#pending.length) {
      this.#pending = EMPTY;
      this.#offset = 0;
    }
    this.#flush();
  }

  /** Takes one command or (a part of) one content; false when it is not all there yet. */
  #consumeOne(): boolean {
    const mode = this.#mode;
    switch (mode.kind) {
      case 'commands':
        return this.#consumeCommand();
      case 'content': {
        if (!this.#bodySeen && this.#bodyFails()) return true;
        const end = mode.reader.readUntilDot(this.#pending, this.#offset);
        this.#offset = end ?? this.#pending.length;
        if (end !== undefined) this.#carryOut(this.#dialog.contentDone(mode.reader, 'dot'));
        return true;
      }
      case 'chunk':
        return this.#consumeChunk(mode);
    }
  }

  #consumeCommand(): boolean {
    const lineFeed = this.#pending.indexOf(LINE_FEED, this.#offset);
    const end = lineFeed === -1 ? this.#pending.length : lineFeed;
    if (end - this.#offset > LONGEST_LINE_OCTETS) {
      const answer: Answer = {
        kind: 'reply',
        code: 500,
        lines: ['5.5.2 Error: line too long'],
        close: true,
      };
      this.#carryOut({ stage: 'hello', answer, next: { kind: 'commands' } });
      return true;
    }
    if (lineFeed === -1) return false;
    const line = this.#pending.toString('utf8', this.#offset, end).replace(/\r$/, '');
    this.#offset = lineFeed + 1;
    const command = parseCommand(line);
    this.#watchPipelining(command.verb);
    this.#carryOut(this.#dialog.command(command));
    return true;
  }

  #consumeChunk(mode: Extract<Next, { kind: 'chunk' }>): boolean {
    const { reader, octets, last } = mode;
    const taken = Math.min(octets, this.#pending.length - this.#offset);
    reader.readChunk(this.#pending.subarray(this.#offset, this.#offset + taken));
    this.#offset += taken;
    if (taken < octets) this.#mode = { ...mode, octets: octets - taken };
    else this.#carryOut(last ? this.#dialog.contentDone(reader, 'chunks') : this.#dialog.chunkDone(octets));
    return true;
  }

  #bodyFails(): boolean {
    this.#bodySeen = true;
    const step = this.#dialog.bodyBegun();
    if (step !== undefined) this.#carryOut(step);
    return step !== undefined;
  }

  /** Octets behind a command are the client's trust in PIPELINING: kept, held against it, or (a liar) thrown away. */
  #watchPipelining(verb: string): void {
    if (this.#offset === this.#pending.length || verb === 'BDAT') return;
    const offered = this.#endpoint.behaviour().extensions?.pipelining ?? true;
    if (offered === true && verb !== 'STARTTLS') return;
    if (offered !== 'lies') {
      const what = verb === 'STARTTLS' ? 'octets behind STARTTLS' : 'pipelined without the offer';
      this.#endpoint.provider.referee.violation(this.#party, what);
    }
    if (offered === 'lies' || verb === 'STARTTLS') this.#offset = this.#pending.length;
  }

  #carryOut(step: Step): void {
    const { answer, stage, next } = step;
    if (next.kind !== 'handshake') this.#mode = next;
    this.#bodySeen = false;
    if (answer === undefined) {
      // BDAT 0 LAST has nothing to wait for.
      if (next.kind === 'chunk' && next.octets === 0) this.#consumeChunk(next);
      return;
    }
    const delayMs = replyDelayMs(this.#endpoint.behaviour(), stage);
    if (delayMs === 0) {
      this.#perform(answer, next);
      return;
    }
    this.#flush();
    this.#state = 'holding';
    this.#timer = setTimeout(() => this.#resume(() => this.#perform(answer, next)), delayMs);
  }

  #resume(act: () => void): void {
    if (this.#state !== 'holding') return;
    this.#state = 'reading';
    act();
    this.#socket.resume();
    this.#consume();
  }

  #perform(answer: Answer, next: Next): void {
    switch (answer.kind) {
      case 'reply':
        this.#out += formatReply(answer.code, answer.lines);
        if (next.kind === 'handshake') this.#handshake();
        if (answer.close) this.end('close');
        break;
      case 'silence':
        this.#flush();
        this.#state = 'deaf';
        this.#pending = EMPTY;
        this.#offset = 0;
        break;
      case 'close':
      case 'reset':
        this.end(answer.kind);
        break;
    }
  }

  #idle(host: string): void {
    if (this.#state === 'reading') this.#out += formatReply(421, [`4.4.2 ${host} Error: timeout exceeded`]);
    this.end('close');
  }

  #flush(): void {
    if (this.#out === '' || this.#state === 'ended') return;
    const text = this.#out;
    this.#out = '';
    if (this.#endpoint.behaviour().dribble === true && this.#state === 'reading') this.#dribble(Buffer.from(text));
    else this.#socket.write(text, 'utf8');
  }

  #dribble(octets: Buffer): void {
    this.#state = 'holding';
    const [octet, rest] = [octets.subarray(0, 1), octets.subarray(1)];
    this.#socket.write(octet, () => {
      setImmediate(() => this.#resume(() => (rest.length > 0 ? this.#dribble(rest) : undefined)));
    });
  }

  #handshake(): void {
    const offered: Stage = 'starttls';
    this.#flush();
    if (this.#endpoint.behaviour().tls === 'fails') {
      this.#out = `this is no ${offered} handshake\r\n`;
      this.end('close');
      return;
    }
    this.#raw.removeAllListeners('data');
    this.#socket = new TLSSocket(this.#raw, {
      isServer: true,
      secureContext: this.#endpoint.secureContext(),
    });
    this.#dialog.secured();
    this.#listen(this.#socket);
  }

  #closed(): void {
    clearTimeout(this.#timer);
    this.#state = 'ended';
    this.#uncount();
  }

  #uncount(): void {
    if (!this.#counted) return;
    this.#counted = false;
    this.#endpoint.provider.connected(this.#party.src, this.#endpoint.address, -1);
    this.#endpoint.provider.referee.closed(this.#party);
  }
}

/** A reply as it goes over the wire: all lines but the last with a hyphen (RFC 5321 §4.2.1). */
function formatReply(code: number, lines: readonly string[]): string {
  let text = '';
  for (const [index, line] of lines.entries()) {
    text += `${code}${index === lines.length - 1 ? ' ' : '-'}${line}\r\n`;
  }
  return text;
}

import { acceptContent } from './acceptance.ts';
import { reply, type Answer } from './answer.ts';
import { ContentReader, messageIdOf } from './content-reader.ts';
import {
  answerOfFault,
  closesAfter,
  decideContent,
  decideGreeting,
  decideMail,
  decideRecipient,
  faultAt,
  type Setting,
} from './decide.ts';
import type { Behaviour, Stage } from './behaviour.ts';
import { helloReply, sizeLimitOf } from './hello-reply.ts';
import type { ProviderState } from './provider-state.ts';
import type { Party } from './referee.ts';
import type { Next, Step } from './smtp-step.ts';
import { declaredSize, type SmtpCommand } from './smtp-command.ts';

export type DialogContext = {
  readonly provider: ProviderState;
  readonly party: Party;
  readonly host: string;
  /** Read before each decision: it may change while the connection lives. */
  readonly behaviour: () => Behaviour;
};

type Transaction = {
  readonly reversePath: string;
  readonly forwardPaths: string[];
  /** Set once content has begun to come in chunks: DATA is out of order from then on (RFC 3030 §2). */
  chunks: ContentReader | undefined;
};

const COMMANDS: Next = { kind: 'commands' };
const OUT_OF_ORDER: Answer = reply(503, ['5.5.1 Error: bad sequence of commands']);

/**
 * The server's half of the dialogue on one connection, strict about sequence (RFC 5321 §4.1.4): no sockets, no clocks
 * but the referee's.
 *
 * greeting → hello → (MAIL → RCPT… → DATA | BDAT…)… → QUIT, with STARTTLS between hello and the first MAIL.
 */
export class SmtpDialog {
  readonly #context: DialogContext;
  #hello = false;
  #secure = false;
  #mails = 0;
  #transaction: Transaction | undefined;

  constructor(context: DialogContext) {
    this.#context = context;
  }

  greet(): Step {
    const { provider, party } = this.#context;
    const setting = this.#setting();
    const per = setting.behaviour.connectionsPerSource?.per ?? 'provider';
    const open = provider.openFrom(party.src, per === 'address' ? party.dst : undefined);
    return this.#step(
      'greeting',
      this.#faultOr('greeting', () => decideGreeting(setting, open)),
    );
  }

  command(command: SmtpCommand): Step {
    switch (command.verb) {
      case 'EHLO':
      case 'HELO':
        return this.#step(
          'hello',
          this.#faultOr('hello', () => this.#greeted(command.verb)),
        );
      case 'STARTTLS':
        return this.#startTls();
      case 'MAIL':
        return this.#mail(command.path, command.parameters);
      case 'RCPT':
        return this.#recipient(command.path);
      case 'DATA':
        return this.#data();
      case 'BDAT':
        return this.#chunk(command.octets, command.last);
      case 'RSET':
        this.#transaction = undefined;
        return this.#step('hello', reply(250, ['2.0.0 Ok']));
      case 'NOOP':
        return this.#step('hello', reply(250, ['2.0.0 Ok']));
      case 'VRFY':
        return this.#step('hello', reply(252, ['2.0.0 Send some mail, I will try my best']));
      case 'QUIT':
        return this.#step(
          'quit',
          this.#faultOr('quit', () => ({ ...reply(221, ['2.0.0 Bye']), close: true })),
        );
      case 'malformed':
        return this.#violation('syntax', reply(501, ['5.5.4 Syntax error in parameters']));
      case 'unknown':
        return this.#violation('unknown command', reply(500, ['5.5.2 Error: command not recognized']));
    }
  }

  /** The octets of a content have begun to arrive. */
  bodyBegun(): Step | undefined {
    const answer = this.#fault('body');
    return answer === undefined ? undefined : this.#step('body', answer);
  }

  /** The dot, or the last chunk, has been read. */
  contentDone(reader: ContentReader, endedBy: 'dot' | 'chunks'): Step {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    if (transaction === undefined || transaction.forwardPaths.length === 0) return this.#step('content', OUT_OF_ORDER);
    const { provider, party, host } = this.#context;
    const setting = this.#setting();
    const { behaviour } = setting;
    const header = reader.header();
    const id = messageIdOf(header);
    const message = {
      ...transaction,
      provider,
      party,
      host,
      behaviour,
      id,
      header,
      reader,
      endedBy,
    };
    const struck = faultAt(setting, 'content', transaction.forwardPaths[0] ?? '');
    if (struck !== undefined) {
      provider.write([struck.note], performance.now());
      if (struck.fault.accepts === true) acceptContent(message);
      return this.#step('content', answerOfFault(struck.fault), { id });
    }
    if (reader.sizeOctets > sizeLimitOf(behaviour)) {
      return this.#step('content', reply(552, ['5.3.4 Error: message file too big']), { id });
    }
    const { answer, notes } = decideContent(setting, transaction.forwardPaths, id.slice(0, 16));
    provider.write(notes, performance.now());
    if (answer.kind !== 'reply' || answer.code >= 400) return this.#step('content', answer, { id });
    acceptContent(message);
    const close = closesAfter(behaviour, this.#mails);
    return this.#step('content', close ? { ...answer, close } : answer);
  }

  /** A chunk that is not the last has been read. */
  chunkDone(octets: number): Step {
    if (this.#transaction === undefined || this.#transaction.forwardPaths.length === 0) {
      return this.#step('content', OUT_OF_ORDER);
    }
    return this.#step('content', reply(250, [`2.0.0 Ok: ${octets} octets received`]));
  }

  /** The TLS handshake is done: everything said before it is forgotten (RFC 3207 §4.2). */
  secured(): void {
    this.#secure = true;
    this.#hello = false;
    this.#transaction = undefined;
  }

  #greeted(verb: 'EHLO' | 'HELO'): Answer {
    const answer = helloReply(this.#context.behaviour(), verb, { host: this.#context.host, secure: this.#secure });
    if (answer.kind === 'reply' && answer.code < 300) {
      this.#hello = true;
      this.#transaction = undefined;
    }
    return answer;
  }

  #startTls(): Step {
    const { tls } = this.#context.behaviour();
    if (tls === undefined || tls === 'none' || this.#secure)
      return this.#violation('STARTTLS not offered', OUT_OF_ORDER);
    const answer = this.#faultOr('starttls', () => reply(220, ['2.0.0 Ready to start TLS']));
    const ready = answer.kind === 'reply' && answer.code === 220;
    return { ...this.#step('starttls', answer), next: ready ? { kind: 'handshake' } : COMMANDS };
  }

  #mail(reversePath: string, parameters: string): Step {
    const { provider, party } = this.#context;
    const setting = this.#setting();
    this.#mails += 1;
    provider.referee.mail(party, reversePath);
    const inWindow = provider.mailed(party.src, performance.now(), setting.behaviour.messagesPerWindow?.windowMs);
    if (!this.#hello || this.#transaction !== undefined) return this.#violation('MAIL out of order', OUT_OF_ORDER);
    if (setting.behaviour.tls === 'required' && !this.#secure) {
      return this.#step('mail', reply(530, ['5.7.0 Must issue a STARTTLS command first']));
    }
    if ((declaredSize(parameters) ?? 0) > sizeLimitOf(setting.behaviour)) {
      return this.#step('mail', reply(552, ['5.3.4 Message size exceeds fixed limit']));
    }
    const answer = this.#faultOr('mail', () => decideMail(setting, this.#mails, inWindow));
    if (answer.kind === 'reply' && answer.code < 300) {
      this.#transaction = { reversePath, forwardPaths: [], chunks: undefined };
    }
    return this.#step('mail', answer);
  }

  #recipient(forwardPath: string): Step {
    const transaction = this.#transaction;
    if (transaction === undefined) return this.#step('rcpt', OUT_OF_ORDER, { rcpt: forwardPath });
    const faulty = this.#fault('rcpt', forwardPath);
    if (faulty !== undefined) return this.#step('rcpt', faulty, { rcpt: forwardPath });
    const nowMs = performance.now();
    const { reversePath } = transaction;
    const { answer, notes } = decideRecipient(this.#setting(), { reversePath, forwardPath, nowMs });
    this.#context.provider.write(notes, nowMs);
    if (answer.kind === 'reply' && answer.code < 300) transaction.forwardPaths.push(forwardPath);
    return this.#step('rcpt', answer, { rcpt: forwardPath });
  }

  #data(): Step {
    const transaction = this.#transaction;
    // A client that pipelines sends DATA before it knows that all its RCPTs were refused: no violation (RFC 2920 §3.1).
    if (transaction === undefined) return this.#step('data', OUT_OF_ORDER);
    if (transaction.forwardPaths.length === 0)
      return this.#step('data', reply(554, ['5.5.1 Error: no valid recipients']));
    if (transaction.chunks !== undefined) return this.#violation('DATA after BDAT', OUT_OF_ORDER);
    const answer = this.#faultOr('data', () => reply(354, ['End data with <CR><LF>.<CR><LF>']));
    if (answer.kind !== 'reply' || answer.code !== 354) return this.#step('data', answer);
    return {
      stage: 'data',
      answer,
      next: { kind: 'content', reader: new ContentReader(this.#context.provider.keep) },
    };
  }

  #chunk(octets: number, last: boolean): Step {
    if (this.#context.behaviour().extensions?.chunking !== true) {
      return this.#violation('BDAT not offered', reply(502, ['5.5.1 Error: command not implemented']));
    }
    const reader = this.#transaction?.chunks ?? new ContentReader(this.#context.provider.keep);
    if (this.#transaction !== undefined) this.#transaction.chunks = reader;
    return { stage: 'data', answer: undefined, next: { kind: 'chunk', octets, last, reader } };
  }

  #setting(): Setting {
    const { provider, party, host } = this.#context;
    return {
      behaviour: this.#context.behaviour(),
      seed: provider.seed,
      source: party.src,
      host,
      memory: provider,
    };
  }

  #fault(stage: Stage, key?: string): Answer | undefined {
    if (this.#context.behaviour().faults === undefined) return undefined;
    const { provider, party } = this.#context;
    const struck = faultAt(
      this.#setting(),
      stage,
      key ?? this.#transaction?.forwardPaths[0] ?? `connection ${party.c}`,
    );
    if (struck === undefined) return undefined;
    provider.write([struck.note], performance.now());
    return answerOfFault(struck.fault);
  }

  #faultOr(stage: Stage, faultless: () => Answer): Answer {
    return this.#fault(stage) ?? faultless();
  }

  #violation(what: string, answer: Answer): Step {
    this.#context.provider.referee.violation(this.#context.party, what);
    return this.#step('hello', answer);
  }

  /** An answer after which commands are read; a refusal goes on record. */
  #step(stage: Stage, answer: Answer, about: { readonly id?: string; readonly rcpt?: string } = {}): Step {
    if (answer.kind === 'reply' && answer.code >= 400) {
      const { provider, party } = this.#context;
      provider.refused(answer.code);
      provider.referee.refused(party, { at: stage, code: answer.code, ...about });
    }
    return { stage, answer, next: COMMANDS };
  }
}

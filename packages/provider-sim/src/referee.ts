import { closeSync, createReadStream, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { monotonicEpochMs, parseRefereeLine, type RefereeEvent } from './referee-event.ts';

/** Lines wait in memory for this long, or until they are this many characters, before they reach the file. */
const FLUSH_AFTER_MS = 50;
const FLUSH_AFTER_CHARACTERS = 262_144;

/** A connection as the referee names it. */
export type Party = {
  readonly c: number;
  readonly src: string;
  readonly dst: string;
  readonly srv: string;
};

/** Writes what the providers see to a raw file, one JSON line an event, in the order of their time. */
export class Referee implements Disposable {
  readonly file: string;
  readonly #descriptor: number;
  readonly #timer: NodeJS.Timeout;
  #lines = '';
  #connections = 0;

  private constructor(file: string) {
    this.file = file;
    this.#descriptor = openSync(file, 'a');
    this.#timer = setInterval(() => this.flush(), FLUSH_AFTER_MS);
    this.#timer.unref();
  }

  /** Opens the raw file for appending; its folder is made where it is missing. */
  static open(file: string): Referee {
    mkdirSync(path.dirname(file), { recursive: true });
    return new Referee(file);
  }

  opened(src: string, dst: string, srv: string): Party {
    this.#connections += 1;
    const party = { c: this.#connections, src, dst, srv };
    this.#write(party, '"open"');
    return party;
  }

  closed(party: Party): void {
    this.#write(party, '"close"');
  }

  mail(party: Party, from: string): void {
    this.#write(party, `"mail","from":${JSON.stringify(from)}`);
  }

  accepted(party: Party, message: { readonly id: string; readonly rcpt: string; readonly code: number }): void {
    const { id, rcpt, code } = message;
    this.#write(party, `"accepted","id":${JSON.stringify(id)},"rcpt":${JSON.stringify(rcpt)},"code":${code}`);
  }

  refused(
    party: Party,
    refusal: {
      readonly at: string;
      readonly code: number;
      readonly id?: string;
      readonly rcpt?: string;
    },
  ): void {
    this.#write(party, `"refused",${JSON.stringify(refusal).slice(1, -1)}`);
  }

  report(
    party: Party,
    report: {
      readonly kind: 'bounce' | 'complaint';
      readonly id: string;
      readonly rcpt: string;
      readonly code: number;
    },
  ): void {
    this.#write(party, `"report",${JSON.stringify(report).slice(1, -1)}`);
  }

  violation(party: Party, what: string): void {
    this.#write(party, `"violation","what":${JSON.stringify(what)}`);
  }

  /** Brings everything recorded so far into the file. */
  flush(): void {
    if (this.#lines === '') return;
    // Not asynchronous: the lines must be in the file when a test reads it right after flush, and when we are killed.
    writeSync(this.#descriptor, this.#lines);
    this.#lines = '';
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.flush();
    closeSync(this.#descriptor);
  }

  #write({ c, src, dst, srv }: Party, rest: string): void {
    // Built by hand: this runs two or three times a message.
    this.#lines += `{"t":${monotonicEpochMs().toFixed(3)},"c":${c},"src":"${src}","dst":"${dst}","srv":${JSON.stringify(srv)},"e":${rest}}\n`;
    if (this.#lines.length > FLUSH_AFTER_CHARACTERS) this.flush();
  }
}

/** Reads a raw file event by event. A last line that was cut off is left out. */
export async function* readReferee(file: string): AsyncGenerator<RefereeEvent> {
  const lines = createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  for await (const line of lines) {
    const event = parseRefereeLine(line);
    if (event !== undefined) yield event;
  }
}

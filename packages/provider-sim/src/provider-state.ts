import type { Behaviour, Stage } from './behaviour.ts';
import type { Keep } from './content-reader.ts';
import type { Memory, Note, LaterTreatment } from './decide.ts';
import type { Party, Referee } from './referee.ts';
import { SlidingPeak } from './sliding-peak.ts';

/** A message that the provider has taken, as `onMessage` gets it. `raw` holds as much of it as `keep` says. */
export type ReceivedMessage = {
  readonly id: string;
  readonly provider: string;
  readonly source: string;
  readonly envelope: { readonly reversePath: string; readonly forwardPaths: readonly string[] };
  readonly raw: Buffer;
};

/** Something to be mailed some time after a message was taken. */
export type LaterReport = {
  readonly treatment: LaterTreatment;
  readonly party: Party;
  readonly behaviour: Behaviour;
  readonly host: string;
  readonly id: string;
  readonly reversePath: string;
  readonly forwardPath: string;
  readonly header: string;
};

export type ProviderStats = {
  connections: number;
  /** MAIL commands. */
  messages: number;
  /** Forward-paths accepted. */
  accepted: number;
  /** Replies of 4yz and 5yz, by code. */
  refused: Record<number, number>;
  /** Bounces and complaints that were mailed and taken, and those that could not be. */
  reportsSent: number;
  reportsFailed: number;
};

/** What all MX hosts of one provider share: its memory of senders, its counts and where its records go. */
export class ProviderState implements Memory {
  readonly name: string;
  readonly seed: number;
  readonly referee: Referee;
  readonly keep: Keep;
  readonly onMessage: ((message: ReceivedMessage) => void) | undefined;
  readonly later: (report: LaterReport) => void;
  readonly stats: ProviderStats = {
    connections: 0,
    messages: 0,
    accepted: 0,
    refused: {},
    reportsSent: 0,
    reportsFailed: 0,
  };
  readonly #noted = new Map<string, number>();
  readonly #firstSeen = new Map<string, number>();
  readonly #open = new Map<string, number>();
  readonly #mails = new Map<string, SlidingPeak>();

  constructor(options: {
    readonly name: string;
    readonly seed: number;
    readonly referee: Referee;
    readonly keep: Keep;
    readonly onMessage: ((message: ReceivedMessage) => void) | undefined;
    readonly later: (report: LaterReport) => void;
  }) {
    this.name = options.name;
    this.seed = options.seed;
    this.referee = options.referee;
    this.keep = options.keep;
    this.onMessage = options.onMessage;
    this.later = options.later;
  }

  timesNoted(key: string): number {
    return this.#noted.get(key) ?? 0;
  }

  firstSeenAtMs(triplet: string): number | undefined {
    return this.#firstSeen.get(triplet);
  }

  write(notes: readonly Note[], nowMs: number): void {
    for (const note of notes) {
      if (note.kind === 'count') this.#noted.set(note.key, this.timesNoted(note.key) + 1);
      else this.#firstSeen.set(note.triplet, nowMs);
    }
  }

  /** Forgets deferrals, greylisting and faults: everybody is a stranger again. */
  forget(): void {
    this.#noted.clear();
    this.#firstSeen.clear();
    this.#mails.clear();
  }

  /** Counts a connection in or out, and answers how many its source has open at one address or at all. */
  connected(source: string, address: string, by: 1 | -1): void {
    if (by === 1) this.stats.connections += 1;
    for (const key of [source, `${source} ${address}`]) {
      const open = (this.#open.get(key) ?? 0) + by;
      if (open === 0) this.#open.delete(key);
      else this.#open.set(key, open);
    }
  }

  openFrom(source: string, address: string | undefined): number {
    return this.#open.get(address === undefined ? source : `${source} ${address}`) ?? 0;
  }

  /** Counts a MAIL of a source and answers how many it sent within the window, this one included. */
  mailed(source: string, nowMs: number, windowMs: number | undefined): number {
    this.stats.messages += 1;
    if (windowMs === undefined) return 0;
    let recent = this.#mails.get(source);
    if (recent?.windowMs !== windowMs) {
      recent = new SlidingPeak(windowMs);
      this.#mails.set(source, recent);
    }
    return recent.add(nowMs);
  }

  refused(code: number): void {
    this.stats.refused[code] = (this.stats.refused[code] ?? 0) + 1;
  }
}

/** How long a reply of a stage is held back. */
export function replyDelayMs(behaviour: Behaviour, stage: Stage): number {
  const delay = behaviour.replyDelayMs;
  if (delay === undefined) return 0;
  return typeof delay === 'number' ? delay : (delay[stage] ?? 0);
}

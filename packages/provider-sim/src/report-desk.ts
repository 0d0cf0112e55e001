import type { LaterReport, ProviderState } from './provider-state.ts';
import { composeReport } from './report-mail.ts';
import { sendReport, type SmtpTarget } from './report-sender.ts';

/** A receiver that is busy (4yz) or away is tried again so often, so long apart. */
const MOST_ATTEMPTS = 8;
const RETRY_AFTER_MS = 1000;
const MOST_AT_ONCE = 10;

/**
 * Mails bounces and complaints when their time has come, a few at once, to the one receiver that the world has.
 * Without a receiver they are counted as failed. What is still waiting when the desk closes is never mailed.
 */
export class ReportDesk implements AsyncDisposable {
  #target: SmtpTarget | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #due: (() => Promise<void>)[] = [];
  readonly #running = new Set<Promise<void>>();
  #closing = false;

  constructor(target: SmtpTarget | undefined) {
    this.#target = target;
  }

  /** Another receiver, from the next attempt on: one that starts after the providers. */
  mailTo(target: SmtpTarget): void {
    this.#target = target;
  }

  /** Reports that have neither been mailed nor been given up. */
  pending(): number {
    return this.#timers.size + this.#due.length + this.#running.size;
  }

  take(provider: ProviderState, report: LaterReport): void {
    this.#wait(report.treatment.delayMs, () => this.#mail(provider, report, 1));
  }

  #wait(delayMs: number, act: () => Promise<void>): void {
    if (this.#closing) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#due.push(act);
      this.#work();
    }, delayMs);
    this.#timers.add(timer);
  }

  #work(): void {
    while (this.#running.size < MOST_AT_ONCE && !this.#closing) {
      const act = this.#due.shift();
      if (act === undefined) return;
      const run = act().finally(() => {
        this.#running.delete(run);
        this.#work();
      });
      this.#running.add(run);
    }
  }

  async #mail(provider: ProviderState, report: LaterReport, attempt: number): Promise<void> {
    const code = await this.#attempt(provider, report);
    if (code < 400) {
      const kind = report.treatment.kind === 'bounce-later' ? 'bounce' : 'complaint';
      provider.stats.reportsSent += 1;
      provider.referee.report(report.party, {
        kind,
        id: report.id,
        rcpt: report.forwardPath,
        code,
      });
    } else if (code < 500 && attempt < MOST_ATTEMPTS) {
      this.#wait(RETRY_AFTER_MS, () => this.#mail(provider, report, attempt + 1));
    } else {
      provider.stats.reportsFailed += 1;
    }
  }

  /** The receiver's code; 421 for a receiver that could not be reached, 521 where there is none. */
  async #attempt(provider: ProviderState, report: LaterReport): Promise<number> {
    // The null reverse-path never gets a report (RFC 5321 §6.1).
    if (this.#target === undefined || report.reversePath === '') return 521;
    try {
      return await sendReport(this.#target, composeReport(report, provider.seed, new Date()), report.host);
    } catch {
      // Whatever broke, a receiver that restarts is the usual cause, and the attempt is repeated.
      return 421;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    await Promise.allSettled(this.#running);
  }
}

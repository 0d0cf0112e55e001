import {
  claimMetrics,
  deliveryMetrics,
  grantMetrics,
  smtpMetrics,
  type GrantMetrics,
  type Logger,
  type Meter,
} from '@mxflow/telemetry';
import type { Binding } from '@mxflow/db';
import type { ConnectResult, Outcome } from '@mxflow/smtp';

/** What becomes of slots and tokens. */
export type GrantEvents = {
  /** A slot or tokens were asked for and not granted. */
  readonly denied: (right: 'slot' | 'token', binds: Exclude<Binding, 'rules-changed'>) => void;
  readonly slotGranted: () => void;
  /** MAIL was written. */
  readonly tokenSpent: (ruleId: string, publicId: number) => void;
  /** Tokens went back to Postgres, or ran out here. */
  readonly tokensUnspent: (fate: 'returned' | 'voided', tokens: number) => void;
};

/** Figures that are asked for whenever somebody looks. */
export type WorkerFigures = {
  readonly unconfirmed: () => number;
  readonly connections: () => number;
  readonly rulesVersion: () => number;
};

/** One function for each event that operators count or read about. */
export type WorkerEvents = GrantEvents & {
  /** Shows the figures until disposed. */
  watch(figures: WorkerFigures): Disposable;
  attempted(outcome: Outcome, tookMs: number): void;
  connectionTried(result: ConnectResult): void;
  parked(reason: string): void;
  gaveBack(): void;
  redelivered(): void;
  intakeFailed(error: unknown): void;
  reportFailed(error: unknown): void;
  foundUnknownClaims(messages: number): void;
};

export function createEvents(meter: Meter, logger: Logger): WorkerEvents {
  const delivery = deliveryMetrics(meter);
  const smtp = smtpMetrics(meter);
  const claims = claimMetrics(meter);
  const grants = grantMetrics(meter);
  return {
    attempted: (outcome, tookMs) => {
      const name = outcomeName(outcome);
      delivery.messages.add(1, { outcome: name });
      smtp.messageSeconds.record(tookMs / 1000, { outcome: name });
      if (outcome.kind === 'in-doubt') {
        delivery.inDoubt.add(1);
        logger.warn({ detail: outcome.loss.detail }, 'a message is in doubt');
      }
    },
    connectionTried: (result) => {
      smtp.connectionAttempts.add(1, { result: connectionResult(result) });
      if (result.kind === 'failed') logger.debug({ stage: result.stage, detail: result.detail }, 'connection failed');
    },
    ...grantEvents(grants),
    watch: ({ unconfirmed, connections, rulesVersion }) => {
      const watched = new DisposableStack();
      watched.use(delivery.unconfirmed.observe(unconfirmed));
      watched.use(smtp.connectionsOpen.observe(connections));
      watched.use(grants.rulesVersion.observe(rulesVersion));
      return watched;
    },
    parked: (reason) => delivery.parked.add(1, { reason }),
    gaveBack: () => delivery.parked.add(1, { reason: 'session-lost' }),
    redelivered: () => claims.redelivered.add(1),
    intakeFailed: (err) => logger.warn({ err }, 'a released message could not be looked at, trying again'),
    reportFailed: (err) => logger.error({ err }, 'an outcome could not be made durable'),
    foundUnknownClaims: (messages) => logger.warn({ messages }, 'claims without an owner in this process, given back'),
  };
}

function grantEvents(grants: GrantMetrics): GrantEvents {
  return {
    denied: (right, binds) => grants.denied.add(1, { right, binds }),
    slotGranted: () => grants.slotsGranted.add(1),
    tokenSpent: (rule, publicId) => grants.tokensSpent.add(1, { rule, source: String(publicId) }),
    tokensUnspent: (fate, tokens) => grants.tokensUnspent.add(tokens, { fate }),
  };
}

function outcomeName(outcome: Outcome): 'sent' | 'deferred' | 'failed' | 'in_doubt' {
  switch (outcome.kind) {
    case 'accepted':
    case 'verified':
      return 'sent';
    case 'refused':
      return outcome.reply.code >= 500 ? 'failed' : 'deferred';
    case 'withheld':
    case 'unreachable':
      return 'deferred';
    case 'in-doubt':
      return 'in_doubt';
  }
}

function connectionResult(result: ConnectResult) {
  if (result.kind === 'ready') return 'ready' as const;
  if (result.reply !== undefined) return result.reply.code >= 500 ? ('greeted_5yz' as const) : ('greeted_4yz' as const);
  switch (result.reason) {
    case 'timed-out':
      return 'timed_out' as const;
    case 'tls-failed':
    case 'tls-not-offered':
      return 'tls_failed' as const;
    case 'closed-by-peer':
      return 'refused' as const;
    case 'network-error':
      return result.errno === 'ECONNREFUSED' ? ('refused' as const) : ('unreachable' as const);
    case 'refused':
    case 'service-closing':
    case 'protocol-error':
    case 'quit':
    case 'aborted':
      return 'broken' as const;
  }
}

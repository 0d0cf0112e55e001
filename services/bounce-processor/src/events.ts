import type { CountedSite, RecordedOutcome, Transition } from '@mxflow/db';
import type { SiteBlock } from '@mxflow/domain';
import { outcomeMetrics, restMetrics, webhookMetrics, type Logger, type Meter } from '@mxflow/telemetry';

import type { DeliveryResult, DeliveryStep } from './delivery-step.ts';
import { tallyOf } from './outcome-tally.ts';

/** One function for each event of recording that operators count or read about. */
export type RecorderEvents = {
  recorded(records: readonly RecordedOutcome[], transitions: readonly Transition[], tookMs: number): void;
  /** An outcome that cannot be stored, kept for a person to look at. */
  setAside(messageId: string, error: unknown): void;
  siteBlocked(site: CountedSite, block: SiteBlock): void;
  /** How many sources and sites are held back. */
  heldBack(counts: HeldBackCounts): void;
};

/** The same of webhooks. */
export type WebhookEvents = {
  answered(delivery: Delivery): void;
  gaveUp(endpointId: number, events: number): void;
  turnBroken(endpointId: number, error: unknown): void;
  waiting(events: number): void;
};

export type HeldBackCounts = {
  readonly suspended: number;
  readonly capped: number;
  readonly blocked: number;
  readonly backOff: number;
};

export type Delivery = {
  readonly endpointId: number;
  readonly result: DeliveryResult;
  readonly step: DeliveryStep;
  readonly events: number;
  /** In a row, before this delivery. */
  readonly failures: number;
};

export function createEvents(meter: Meter, logger: Logger): RecorderEvents & WebhookEvents {
  const outcomes = outcomeMetrics(meter);
  const webhooks = webhookMetrics(meter);
  const rest = restMetrics(meter);
  return {
    recorded: (records, transitions, tookMs) => {
      outcomes.batchSeconds.record(tookMs / 1000);
      for (const { outcome, transition, count } of tallyOf(records, transitions)) {
        outcomes.recorded.add(count, { outcome, transition });
      }
    },
    siteBlocked: (site, { hours }) => {
      rest.blocked.add(1);
      logger.warn({ ...site, hours }, 'site blocked: too large a share of its messages fails');
    },
    heldBack: ({ suspended, capped, blocked, backOff }) => {
      rest.holds.record(suspended, { kind: 'suspended' });
      rest.holds.record(capped, { kind: 'capped' });
      rest.sites.record(blocked, { kind: 'block' });
      rest.sites.record(backOff, { kind: 'back-off' });
    },
    setAside: (messageId, err) => {
      logger.error({ err, messageId }, 'outcome cannot be stored, set aside');
    },
    answered: (delivery) => {
      const { result, step, failures, ...facts } = delivery;
      webhooks.deliveries.add(1, { result: countedAs(result, step) });
      switch (step.kind) {
        case 'delivered':
          if (failures > 0) logger.info({ ...facts, failures }, 'webhook endpoint takes deliveries again');
          return;
        case 'disable':
          logger.warn({ ...facts, result }, 'webhook endpoint is gone, disabled');
          return;
        case 'retry':
          logger.warn(
            { ...facts, result, failures: failures + 1, retryAfterMs: step.afterMs },
            'webhook not delivered',
          );
      }
    },
    gaveUp: (endpointId, events) => {
      webhooks.deliveries.add(events, { result: 'given_up' });
      logger.warn({ endpointId, events }, 'webhook events dropped: not delivered in time');
    },
    turnBroken: (endpointId, err) => logger.error({ err, endpointId }, 'telling a webhook endpoint broke off'),
    waiting: (events) => webhooks.backlog.record(events),
  };
}

function countedAs(result: DeliveryResult, step: DeliveryStep): 'delivered' | 'refused' | 'unreachable' {
  if (step.kind === 'delivered') return 'delivered';
  return result.kind === 'answered' ? 'refused' : 'unreachable';
}

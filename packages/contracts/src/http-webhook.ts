import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;
const Instant = Type.String({ format: 'date-time' });

const Events = Type.Array(
  Type.Enum([
    'message.sent',
    'message.deferred',
    'message.failed',
    'message.ignored',
    'message.expired',
    'message.cancelled',
    'message.bounced',
    'message.complained',
    'message.unsubscribed',
  ]),
  { minItems: 1, uniqueItems: true },
);

export const WebhookPost = Type.Object(
  { url: Type.String({ maxLength: 2000, description: 'https; no user, no fragment' }), events: Events },
  { ...closed, title: 'WebhookPost' },
);
export type WebhookPost = Static<typeof WebhookPost>;

export const WebhookChange = Type.Object(
  { events: Type.Optional(Events), enabled: Type.Optional(Type.Boolean()) },
  { ...closed, title: 'WebhookChange' },
);
export type WebhookChange = Static<typeof WebhookChange>;

const view = {
  id: Type.Integer(),
  url: Type.String(),
  events: Type.Array(Type.String()),
  enabled: Type.Boolean(),
  createdAt: Instant,
  failures: Type.Integer({ description: 'Deliveries that failed one after another' }),
} as const;

export const WebhookView = Type.Object(view, { ...closed, title: 'Webhook' });
export type WebhookView = Static<typeof WebhookView>;

/** The secret that signs deliveries: shown here and never again. */
export const WebhookCreated = Type.Object({ ...view, secret: Type.String() }, { ...closed, title: 'WebhookCreated' });
export const WebhookList = Type.Object({ webhooks: Type.Array(WebhookView) }, { ...closed, title: 'WebhookList' });
export type WebhookList = Static<typeof WebhookList>;

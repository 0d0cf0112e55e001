import type { Messaging, MessagingOptions } from './messaging.ts';

export async function connectMessaging(_options: MessagingOptions): Promise<Messaging> {
  throw new Error('not built yet');
}

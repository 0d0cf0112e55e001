import { managementOf, type RabbitManagement } from '../servers/rabbit-management.ts';
import { askForServer } from './on-demand.ts';

/** A broker, and the way to make virtual hosts on it. */
export type Broker = { readonly url: string; readonly management: RabbitManagement };

/** The server's maintenance URL: that of the environment, else of a private node that starts with the first question. */
export async function whichPostgres(): Promise<string> {
  return process.env['DATABASE_URL'] ?? (await askForServer('postgres')).url;
}

export async function whichBroker(): Promise<Broker> {
  const url = process.env['AMQP_URL'];
  if (url === undefined) {
    const private_ = await askForServer('rabbit');
    return { url: private_.url, management: managementOf(private_.managementUrl) };
  }
  return { url, management: managementOf(process.env['RABBITMQ_MANAGEMENT_URL'] ?? managementBeside(url)) };
}

/** Where the management API of a broker is by default. */
function managementBeside(amqpUrl: string): string {
  const { username, password, hostname } = new URL(amqpUrl);
  return `http://${username || 'guest'}:${password || 'guest'}@${hostname}:15672`;
}

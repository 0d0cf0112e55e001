import { contract } from '../../contracts/src/index.ts';

export async function send(connection: AsyncDisposable): Promise<unknown> {
  await using _held = connection;
  const { start } = await import('../../../services/dispatcher/src/index.ts');
  return [contract, start];
}

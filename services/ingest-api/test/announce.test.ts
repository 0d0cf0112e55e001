import { connectMessaging, type ControlMessage } from '@mxflow/messaging';
import { expect, test } from 'vitest';

import { DEFINITION, recipientsUpTo, startApiWithBroker } from './api.ts';

test('every process hears of pause, resume and cancel', { timeout: 90_000 }, async () => {
  await using api = await startApiWithBroker();
  await using listener = await connectMessaging({ url: api.brokerUrl, name: 'listener' });
  const heard: ControlMessage['body'][] = [];
  await using _heard = await listener.consumeControl((message) => void heard.push(message.body));
  const { body } = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: recipientsUpTo(1) } });
  for (const change of ['pause', 'resume', 'cancel']) await api.call('POST', `/v1/jobs/${body.id}/${change}`);
  const { id } = await api.database.client.job.findUniqueOrThrow({ where: { publicId: body.id } });
  const jobNumber = id.toString();
  await expect
    .poll(() => heard, { timeout: 10_000 })
    .toEqual(['paused', 'active', 'cancelled'].map((state) => ({ jobNumber, state })));
  expect(await listener.queueDepth('prepare')).toBe(1);
});

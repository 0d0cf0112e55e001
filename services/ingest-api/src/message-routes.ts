import { MESSAGE_STATUSES, MessageHistory, MessagePage } from '@mxflow/contracts';
import {
  findJob,
  findJobNumber,
  findMessage,
  findUnpreparedAddress,
  listAttempts,
  listMessages,
  type Database,
  type MessageStanding,
} from '@mxflow/db';
import { messageIdOf, type MessageId } from '@mxflow/domain';
import { decodeCursor, encodeCursor, ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { callerOf } from './authenticate.ts';
import { parsePublicMessageId, viewAttempt, viewMessage } from './message-view.ts';

const Id = Type.Object({ id: Type.String({ pattern: '^[0-9A-Za-z-]{1,100}$' }) });
const Query = Type.Object(
  {
    status: Type.Optional(Type.Enum([...MESSAGE_STATUSES])),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
    cursor: Type.Optional(Type.String({ maxLength: 100 })),
  },
  { additionalProperties: false },
);

export function addMessageRoutes(api: Api, { database }: ApiParts): void {
  api.route({
    method: 'GET',
    url: '/v1/jobs/:id/messages',
    config: { scope: 'jobs:read' },
    schema: {
      tags: ['messages'],
      summary: 'The delivery log of a job: its messages where they stand',
      description: 'In the order of recipients. Recipients that are not prepared yet do not stand in it.',
      params: Id,
      querystring: Query,
      response: { 200: MessagePage, ...problemsOf(401, 403, 404, 422, 503) },
    },
    handler: async (request) => {
      const publicId = request.params.id;
      const { limit, status, cursor } = request.query;
      const after = decodeCursor(cursor) as MessageId | undefined;
      const jobNumber = await findJobNumber(database, callerOf(request).tenantId, publicId);
      if (jobNumber === undefined) throw new ProblemError('not-found');
      const messages = await listMessages(database, { jobNumber, status, after, limit });
      const last = messages.length === limit ? messages.at(-1) : undefined;
      return {
        messages: messages.map((standing) => viewMessage(publicId, standing)),
        ...(last === undefined ? {} : { next: encodeCursor(last.messageId) }),
      };
    },
  });
  api.route({
    method: 'GET',
    url: '/v1/messages/:id',
    config: { scope: 'jobs:read' },
    schema: {
      tags: ['messages'],
      summary: 'One message with every attempt',
      params: Id,
      response: { 200: MessageHistory, ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request) => {
      const named = parsePublicMessageId(request.params.id);
      if (named === undefined) throw new ProblemError('not-found');
      const found = await findJob(database, callerOf(request).tenantId, named.publicJobId);
      if (found === undefined || found.job.state === 'receiving' || named.ordinal >= found.job.recipients) {
        throw new ProblemError('not-found');
      }
      const messageId = messageIdOf(found.job.jobNumber, named.ordinal);
      const [standing, history] = await Promise.all([
        standingOf(database, messageId),
        listAttempts(database, messageId),
      ]);
      if (standing === undefined) throw new ProblemError('not-found');
      return { ...viewMessage(named.publicJobId, standing), history: history.map(viewAttempt) };
    },
  });
}

async function standingOf(database: Database, messageId: MessageId): Promise<MessageStanding | undefined> {
  const standing = await findMessage(database, messageId);
  if (standing !== undefined) return standing;
  const address = await findUnpreparedAddress(database, messageId);
  // Prepared between the two questions: by now it is known.
  return address === undefined ? await findMessage(database, messageId) : untried(messageId, address);
}

function untried(messageId: MessageId, address: string): MessageStanding {
  return {
    messageId,
    address,
    status: 'pending',
    attempts: 0,
    failureType: null,
    failureReason: null,
    failureDetail: null,
    rule: null,
    replyCode: null,
    enhancedStatus: null,
    reply: null,
    mxHost: null,
    source: null,
    inDoubt: false,
    loggedAt: null,
    dueAt: null,
    waitReason: 'not prepared yet',
  };
}

import { Type } from 'typebox';

const closed = { additionalProperties: false } as const;
const JobNumber = Type.String({ pattern: '^[1-9]\\d{0,18}$' });

/** ingest-api → dispatcher: this chunk of an accepted job is to be made into work. */
export const JobChunkAccepted = Type.Object({ jobNumber: JobNumber, chunk: Type.Integer({ minimum: 0 }) }, closed);

/** ingest-api → everybody: a job was accepted, paused, resumed or cancelled. Only a hint: Postgres decides. */
export const JobStateChanged = Type.Object(
  {
    jobNumber: JobNumber,
    state: Type.Union([Type.Literal('active'), Type.Literal('paused'), Type.Literal('cancelled')]),
  },
  closed,
);

export type AdmissionLimits = {
  /** Streams received at once. */
  readonly streams: number;
  /** Octets of bodies held in memory at once. */
  readonly bodyOctets: number;
};

/** Room for what is being received: given before the first octet of a body is read, given back with the answer. */
export type Admission = {
  /** `undefined`: no room now. */
  enterStream(): Disposable | undefined;
  enterBody(octets: number): Disposable | undefined;
};

export function createAdmission(limits: AdmissionLimits): Admission {
  const streams = createRoom(limits.streams);
  const bodies = createRoom(limits.bodyOctets);
  return { enterStream: () => streams(1), enterBody: bodies };
}

function createRoom(size: number): (share: number) => Disposable | undefined {
  let used = 0;
  return (share) => {
    // A single one that is larger than all the room is let in alone: its own limit is checked elsewhere.
    if (used > 0 && used + share > size) return undefined;
    used += share;
    let isOut = false;
    return {
      [Symbol.dispose]: () => {
        if (!isOut) used -= share;
        isOut = true;
      },
    };
  };
}

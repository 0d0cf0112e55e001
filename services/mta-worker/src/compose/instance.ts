import type { KeyObject } from 'node:crypto';

import type { Mac } from '@mxflow/domain';

export type DkimAlgorithm = 'rsa-sha256' | 'ed25519-sha256';

/** A private key whose public half stands in DNS under `selector._domainkey.domain` (RFC 6376 §3.6). */
export type DkimKey = {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  readonly key: KeyObject;
};

/** What every message of this instance carries, whatever its job. */
export type Instance = {
  /** Where bounces come back to, unless the job names its own. */
  readonly returnPathDomain: string;
  readonly unsubscribe: {
    /** `https` (RFC 8058 §3.1), without a slash at the end; links are `…/u/TOKEN`. */
    readonly baseUrl: string;
    /** Takes `u-TOKEN@…`, for clients that know no one-click. */
    readonly mailtoDomain?: string;
  };
  readonly mac: Mac;
  /** One character of the base32 alphabet: which key the MACs are made with. */
  readonly keyId: string;
  readonly dkim: readonly DkimKey[];
  /** The last field of Feedback-ID: stands for this sender at the providers, 5 to 15 characters. */
  readonly feedbackId: string;
};

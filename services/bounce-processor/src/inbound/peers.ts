/** What a client asks for, and whether it gets it. */
export type PeerLimits = {
  readonly connections: number;
  readonly connectionsPerPeer: number;
  readonly mailsPerMinute: number;
};

/** Who is connected, and how fast each client sends. */
export type Peers = {
  /** False where there are too many connections, of all or of this client. */
  admit(sessionId: string, address: string): boolean;
  /** False where the client has sent more mails than it may. */
  mayMail(address: string): boolean;
  /** A connection ended, admitted or not. */
  leave(sessionId: string): void;
  count(): number;
};

type Peer = { connections: number; tokens: number; filledAtMs: number };

const MINUTE_MS = 60_000;
/** Clients remembered; those that are not connected and have been quiet are forgotten first. */
const MOST_PEERS = 10_000;

/** @param now milliseconds of a clock that only goes forward. */
export function createPeers(limits: PeerLimits, now: () => number = () => performance.now()): Peers {
  const peers = new Map<string, Peer>();
  const sessions = new Map<string, Peer>();
  const peerAt = (address: string): Peer => {
    const key = networkOf(address);
    const known = peers.get(key);
    if (known !== undefined) return known;
    if (peers.size >= MOST_PEERS) forgetQuiet(peers, now());
    const fresh = { connections: 0, tokens: limits.mailsPerMinute, filledAtMs: now() };
    peers.set(key, fresh);
    return fresh;
  };
  return {
    admit: (sessionId, address) => {
      const peer = peerAt(address);
      if (sessions.size >= limits.connections || peer.connections >= limits.connectionsPerPeer) return false;
      peer.connections += 1;
      sessions.set(sessionId, peer);
      return true;
    },
    mayMail: (address) => {
      const peer = peerAt(address);
      const atMs = now();
      const refilled = ((atMs - peer.filledAtMs) / MINUTE_MS) * limits.mailsPerMinute;
      peer.tokens = Math.min(limits.mailsPerMinute, peer.tokens + refilled);
      peer.filledAtMs = atMs;
      if (peer.tokens < 1) return false;
      peer.tokens -= 1;
      return true;
    },
    leave: (sessionId) => {
      const peer = sessions.get(sessionId);
      if (peer === undefined) return;
      peer.connections -= 1;
      sessions.delete(sessionId);
    },
    count: () => sessions.size,
  };
}

function forgetQuiet(peers: Map<string, Peer>, nowMs: number): void {
  for (const [key, { connections, filledAtMs }] of peers) {
    if (connections === 0 && nowMs - filledAtMs > MINUTE_MS) peers.delete(key);
  }
}

/** An IPv4 address itself; of IPv6 the network of 64 bits, since one client has all of it. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.toLowerCase().split('::', 2);
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array.from({ length: zeros }, () => '0'), ...back];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

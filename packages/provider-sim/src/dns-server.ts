import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';

import * as dnsPacket from 'dns-packet';

import { answerQuestion, canonicalName, type NameRecords, type Zone } from './dns-zone.ts';

/** What a UDP answer may measure when the resolver says nothing else (RFC 1035 §4.2.1). */
const UDP_LIMIT_OCTETS = 512;

const RCODE = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5 } as const;

export type DnsServer = AsyncDisposable & {
  readonly address: string;
  readonly port: number;
  /** Replaces what is known about a name from now on; `undefined` makes it unknown. Its fault starts counting afresh. */
  set(name: string, records: NameRecords | undefined): void;
  /** Questions answered so far, over both transports. */
  questions(): number;
};

/** A DNS server over UDP and TCP on one port, authoritative for whatever the zone holds and for nothing else. */
export async function startDnsServer(options: {
  readonly zone: Zone;
  readonly address?: string;
  /** 0 takes a free one. */
  readonly port?: number;
}): Promise<DnsServer> {
  const address = options.address ?? '127.0.0.1';
  const desk = new AnswerDesk(options.zone);
  const { udp, tcp } = await bindBoth(address, options.port ?? 0);
  const connections = new Set<net.Socket>();

  udp.on('message', (query, peer) => {
    desk.answer(query, 'udp', (reply) => udp.send(reply, peer.port, peer.address, ignoreFailedSend));
  });
  tcp.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveTcp(socket, desk);
  });

  return {
    address,
    port: udp.address().port,
    set: (name, records) => desk.set(name, records),
    questions: () => desk.questions,
    async [Symbol.asyncDispose]() {
      desk.stop();
      for (const socket of connections) socket.destroy();
      const closed = [once(udp, 'close'), once(tcp, 'close')];
      udp.close();
      tcp.close();
      await Promise.all(closed);
    },
  };
}

/** A resolver that went away needs no answer, and the server goes on. */
function ignoreFailedSend(): void {}

async function bindBoth(address: string, port: number): Promise<{ udp: dgram.Socket; tcp: net.Server }> {
  for (let attempt = 1; ; attempt += 1) {
    const tcp = net.createServer();
    tcp.listen(port, address);
    await once(tcp, 'listening');
    const udp = dgram.createSocket(net.isIPv6(address) ? 'udp6' : 'udp4');
    try {
      udp.bind((tcp.address() as net.AddressInfo).port, address);
      await once(udp, 'listening');
      return { udp, tcp };
    } catch (cause) {
      // A port that is free over TCP may be taken over UDP: only a port of our own choosing can be chosen again.
      udp.close();
      tcp.close();
      if (port !== 0 || attempt === 20) throw cause;
    }
  }
}

/** Turns query octets into reply octets, and keeps count of what each name's fault has met. */
class AnswerDesk {
  questions = 0;
  readonly #zone: Map<string, NameRecords>;
  readonly #askedOfFault = new Map<string, number>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(zone: Zone) {
    this.#zone = new Map(Object.entries(zone).map(([name, records]) => [canonicalName(name), records]));
  }

  set(name: string, records: NameRecords | undefined): void {
    const key = canonicalName(name);
    this.#askedOfFault.delete(key);
    if (records === undefined) this.#zone.delete(key);
    else this.#zone.set(key, records);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  answer(query: Buffer, transport: 'udp' | 'tcp', send: (reply: Buffer) => void): void {
    const packet = decodeQuery(query);
    const question = packet?.questions?.[0];
    if (packet === undefined || question === undefined) return;
    this.questions += 1;
    const key = canonicalName(question.name);
    const asked = this.#askedOfFault.get(key) ?? 0;
    const reply = answerQuestion((name) => this.#zone.get(name), question, asked);
    if (reply.kind === 'fault' && this.#zone.has(key)) this.#askedOfFault.set(key, asked + 1);
    if (reply.kind === 'fault' && reply.fault === 'no-answer') return;
    const octets = encodeReply({
      packet,
      question,
      transport,
      rcode: reply.kind === 'fault' ? RCODE[reply.fault as keyof typeof RCODE] : 0,
      answers: reply.kind === 'answer' ? reply.answers : [],
    });
    if (reply.delayMs === 0) send(octets);
    else this.#later(reply.delayMs, () => send(octets));
  }

  #later(delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, delayMs);
    this.#timers.add(timer);
  }
}

function decodeQuery(query: Buffer): dnsPacket.DecodedPacket | undefined {
  try {
    return dnsPacket.decode(query);
  } catch {
    // Octets that are no DNS packet get no answer, as from any name server.
    return undefined;
  }
}

function encodeReply(reply: {
  readonly packet: dnsPacket.DecodedPacket;
  readonly question: dnsPacket.Question;
  readonly transport: 'udp' | 'tcp';
  readonly rcode: number;
  readonly answers: readonly dnsPacket.Answer[];
}): Buffer {
  const { packet, question, transport, rcode, answers } = reply;
  const edns = packet.additionals?.find((record) => record.type === 'OPT');
  const head = {
    type: 'response' as const,
    id: packet.id ?? 0,
    flags:
      dnsPacket.AUTHORITATIVE_ANSWER |
      dnsPacket.RECURSION_AVAILABLE |
      ((packet.flags ?? 0) & dnsPacket.RECURSION_DESIRED) |
      rcode,
    questions: [question],
    ...(edns === undefined ? {} : { additionals: [ednsOption()] }),
  };
  const whole = dnsPacket.encode({ ...head, answers: [...answers] });
  const limit = Math.max(UDP_LIMIT_OCTETS, edns?.type === 'OPT' ? edns.udpPayloadSize : UDP_LIMIT_OCTETS);
  if (transport === 'tcp' || whole.length <= limit) return whole;
  return dnsPacket.encode({
    ...head,
    flags: head.flags | dnsPacket.TRUNCATED_RESPONSE,
    answers: [],
  });
}

function ednsOption(): dnsPacket.OptAnswer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 1232,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

/** One connection: queries behind a two-octet length each (RFC 1035 §4.2.2), several one after another. */
function serveTcp(socket: net.Socket, desk: AnswerDesk): void {
  let pending = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      desk.answer(pending.subarray(2, end), 'tcp', (reply) => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      });
      pending = pending.subarray(end);
    }
  });
}

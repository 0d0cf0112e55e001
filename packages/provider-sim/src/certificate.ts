import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A self-signed certificate and its key, as TLS servers take them. */
export type Certificate = { readonly certificate: string; readonly privateKey: string };

const YEAR_MS = 365 * 24 * 3_600_000;

/**
 * Makes a self-signed P-256 certificate for host names, valid from yesterday for a year (RFC 5280 §4.1).
 *
 * Written out by hand in DER because Node can sign but not issue, and a key must not lie about in a repository.
 */
export function selfSignedCertificate(hosts: readonly [string, ...string[]], nowMs: number = Date.now()): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(oid(COMMON_NAME), utf8String(hosts[0].slice(0, 64)))));
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)]);
  const toBeSigned = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, serial),
    algorithm,
    name,
    sequence(utcTime(nowMs - YEAR_MS / 365), utcTime(nowMs + YEAR_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(subjectAltNames(hosts))),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    certificate: pem('CERTIFICATE', certificate),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

const COMMON_NAME = [0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11];
const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

function subjectAltNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) => tagged(0x82, Buffer.from(host, 'latin1')));
  return sequence(oid(SUBJECT_ALT_NAME), tagged(0x04, sequence(...names)));
}

/** One DER element: tag, length (short form below 128, else long), content. */
function tagged(tag: number, content: Buffer): Buffer {
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(content.length.toString(16).padStart(content.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

function sequence(...elements: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(elements));
}

function set(...elements: readonly Buffer[]): Buffer {
  return tagged(0x31, Buffer.concat(elements));
}

function oid(octets: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(octets));
}

function utf8String(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text, 'utf8'));
}

function utcTime(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`, 'latin1'));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

export interface SelfSigned {
  /** PEM files. */
  readonly certFile: string;
  readonly keyFile: string;
  /** The certificate, which is its own authority. */
  readonly certificate: string;
  remove(): void;
}

/** A certificate for 127.0.0.1 and localhost, made by openssl in a folder of its own. */
export function makeSelfSigned(): SelfSigned {
  const folder = mkdtempSync(join(tmpdir(), 'outcrop-tls-'));
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-out', certFile, '-keyout', keyFile];
  const made = spawnSync('openssl', ['req', '-x509', '-days', '2', ...key, ...subject, ...files]);
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${String(made.stderr)}`);
  return {
    certFile,
    keyFile,
    certificate: readFileSync(certFile, 'utf8'),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Has this process trust a certificate beside all others, or no longer. */
export function createTrust(certificate: string): (isTrusted: boolean) => void {
  const others = getCACertificates('default');
  return (isTrusted) => setDefaultCACertificates(isTrusted ? [...others, certificate] : [...others]);
}

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorText, type Finding, type Patient } from './finding.ts';

const DAY_MS = 86_400_000;
/** A certificate that ends sooner is worth a warning. */
const DAYS_LEFT_MIN = 14;

/** Whether the TLS files, if there are any, can be read, belong together and are in date. */
export function checkTls({ config: { settings }, nowMs }: Patient): Promise<readonly Finding[]> {
  const { tlsCert, tlsKey } = settings;
  if (tlsCert === null || tlsKey === null) return Promise.resolve([]);
  return Promise.resolve([examineFiles(tlsCert, tlsKey, nowMs())]);
}

function examineFiles(certFile: string, keyFile: string, nowMs: number): Finding {
  const about = 'TLS';
  let certificate: X509Certificate;
  let key: KeyObject;
  try {
    certificate = new X509Certificate(readFileSync(certFile));
  } catch (error) {
    return {
      about,
      state: 'fails',
      found: `can't read the certificate ${certFile}: ${errorText(error)}`,
      mend: 'OUTCROP_TLS_CERT must be a PEM file with the certificate chain.',
    };
  }
  try {
    key = createPrivateKey(readFileSync(keyFile));
  } catch (error) {
    return {
      about,
      state: 'fails',
      found: `can't read the private key ${keyFile}: ${errorText(error)}`,
      mend: 'OUTCROP_TLS_KEY must be a PEM file with an unencrypted private key.',
    };
  }
  if (!certificate.checkPrivateKey(key)) {
    return {
      about,
      state: 'fails',
      found: `the private key ${keyFile} does not belong to the certificate ${certFile}`,
      mend: 'Set OUTCROP_TLS_CERT and OUTCROP_TLS_KEY to files that were made together.',
    };
  }
  return examineDates(certificate, nowMs);
}

function examineDates({ subject, validFrom, validTo }: X509Certificate, nowMs: number): Finding {
  const about = 'TLS';
  const name = subject.replaceAll('\n', ', ');
  const daysLeft = Math.floor((Date.parse(validTo) - nowMs) / DAY_MS);
  if (Date.parse(validFrom) > nowMs) {
    return { about, state: 'fails', found: `the certificate of ${name} is valid only from ${validFrom}` };
  }
  const mend = 'Renew the certificate.';
  if (daysLeft < 0) return { about, state: 'fails', found: `the certificate of ${name} ended ${validTo}`, mend };
  if (daysLeft < DAYS_LEFT_MIN) return { about, state: 'warning', found: `${name}, ends in ${daysLeft} days`, mend };
  return { about, state: 'ok', found: `${name}, until ${validTo}` };
}

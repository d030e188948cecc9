import { X509Certificate } from "node:crypto";

const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Reads the certificates of a text in PEM form. TLS libraries skip what they cannot read, and refuse every server then.
 *
 * @returns how many there are, and the number of the first one that cannot be read, from 1
 */
export function readCertificates(pem: string): { count: number; unreadable: number | undefined } {
  const blocks = pem.match(block) ?? [];
  const index = blocks.findIndex((text) => !isCertificate(text));
  return { count: blocks.length, unreadable: index < 0 ? undefined : index + 1 };
}

function isCertificate(text: string): boolean {
  try {
    new X509Certificate(text);
    return true;
  } catch {
    return false;
  }
}

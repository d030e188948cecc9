import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readCertificates } from "../contract/certificates.ts";

/** Why a certificate and its key cannot serve. */
export interface PairProblem {
  of: "certificate" | "key";
  /** The rule, as the end of a sentence. */
  rule: string;
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
/** Smallest RSA key that OpenSSL of the gateway's image takes. */
const leastRsaBits = 2048;
const curves = ["prime256v1", "secp384r1", "secp521r1"];

/**
 * Checks a server's certificate chain and its private key, both in PEM form, as Nginx and its clients do: everything can be
 * read, the first certificate is that of the key, no certificate is expired, and TLS has signatures for the kind of key.
 *
 * @param now milliseconds since 1970
 * @returns the first problem; undefined: the pair can serve
 */
export function pairProblem(certificate: string, key: string, now: number): PairProblem | undefined {
  const { count, unreadable } = readCertificates(certificate);
  if (count === 0) return { of: "certificate", rule: "has no certificate in PEM form" };
  if (unreadable !== undefined)
    return {
      of: "certificate",
      rule: `has ${count} certificates, of which number ${unreadable} cannot be read`,
    };
  const privateKey = readKey(key);
  if (privateKey === undefined)
    return { of: "key", rule: "cannot be read; it must be a private key in PEM form without a passphrase" };
  const weakness = weaknessOf(privateKey);
  if (weakness !== undefined) return { of: "key", rule: weakness };
  const chain = (certificate.match(certificateBlock) ?? []).map((pem) => new X509Certificate(pem));
  return mismatch(chain, privateKey) ?? outOfTime(chain, now);
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function weaknessOf({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve = "" } = asymmetricKeyDetails;
  if (asymmetricKeyType === "ed25519") return undefined;
  if (asymmetricKeyType === "rsa")
    return modulusLength >= leastRsaBits
      ? undefined
      : `is an RSA key of ${modulusLength} bits, and must have at least ${leastRsaBits}`;
  if (asymmetricKeyType === "ec" && curves.includes(namedCurve)) return undefined;
  return "must be a key of RSA, of the curve P-256, P-384 or P-521, or of Ed25519";
}

function mismatch(chain: readonly X509Certificate[], key: KeyObject): PairProblem | undefined {
  const index = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (index === 0) return undefined;
  const rule =
    index < 0
      ? "is not the certificate of the key"
      : `must begin with the certificate of the key, which is number ${index + 1}; the certificates of the authorities follow it`;
  return { of: "certificate", rule };
}

function outOfTime(chain: readonly X509Certificate[], now: number): PairProblem | undefined {
  for (const [index, { validFromDate, validToDate }] of chain.entries()) {
    const name = chain.length === 1 ? "" : `has number ${index + 1} of ${chain.length}, which `;
    if (validToDate.getTime() < now)
      return { of: "certificate", rule: `${name}expired on ${validToDate.toISOString()}` };
    if (validFromDate.getTime() > now)
      return { of: "certificate", rule: `${name}is not valid before ${validFromDate.toISOString()}` };
  }
  return undefined;
}

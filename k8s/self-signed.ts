import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP, isIPv6 } from "node:net";
import { bits, encode, identifier, integer, octets, sequence, set, text, time, yes } from "./der.ts";

/** A server's certificate and the authority that signed it, all in PEM form. */
export interface SelfSigned {
  /** Certificate of the authority, whose key is not kept: it signs nothing else. */
  authority: string;
  certificate: string;
  key: string;
}

const oid = {
  commonName: "2.5.4.3",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

const day = 24 * 3600 * 1000;

/** Validity of the certificates; clocks of clients may be a day behind. */
const validity = { before: day, after: 10 * 365 * day };

/**
 * Makes a certificate for the names, with keys of the curve P-256.
 *
 * @param names host names and IP addresses
 * @param now milliseconds since 1970
 */
export function selfSigned(names: readonly string[], now: number): SelfSigned {
  const [own, server] = [generateKeyPairSync("ec", p256), generateKeyPairSync("ec", p256)];
  const issuer = { name: "Breakwater authority", key: own.privateKey, id: keyId(own.publicKey) };
  const authority = issue(issuer, { name: issuer.name, publicKey: own.publicKey, now }, [
    extension(oid.basicConstraints, sequence(yes), true),
    // keyCertSign
    extension(oid.keyUsage, bits(Uint8Array.of(0b0000_0100), 2), true),
  ]);
  const certificate = issue(issuer, { name: names[0] ?? "", publicKey: server.publicKey, now }, [
    // digitalSignature
    extension(oid.keyUsage, bits(Uint8Array.of(0b1000_0000), 7), true),
    extension(oid.extendedKeyUsage, sequence(identifier(oid.serverAuth))),
    extension(oid.subjectAltName, sequence(...names.map(alternativeName))),
  ]);
  const key = server.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  return { authority, certificate: certificate + authority, key };
}

const p256 = { namedCurve: "P-256" };

interface Issuer {
  name: string;
  key: KeyObject;
  id: Buffer;
}

interface Subject {
  name: string;
  publicKey: KeyObject;
  now: number;
}

/** Returns a certificate in PEM form: RFC 5280, section 4.1. */
function issue(issuer: Issuer, { name, publicKey, now }: Subject, extensions: readonly Buffer[]): string {
  const algorithm = sequence(identifier(oid.ecdsaWithSha256));
  const serial = randomBytes(16);
  const version3 = encode(0xa0, integer(Uint8Array.of(2)));
  const all = [
    ...extensions,
    extension(oid.subjectKeyIdentifier, octets(keyId(publicKey))),
    extension(oid.authorityKeyIdentifier, sequence(encode(0x80, issuer.id))),
  ];
  const toBeSigned = sequence(
    version3,
    integer(serial),
    algorithm,
    distinguished(issuer.name),
    sequence(time(new Date(now - validity.before)), time(new Date(now + validity.after))),
    distinguished(name),
    publicKey.export({ format: "der", type: "spki" }),
    encode(0xa3, sequence(...all)),
  );
  const signature = sign("sha256", toBeSigned, issuer.key);
  const lines =
    sequence(toBeSigned, algorithm, bits(signature))
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function distinguished(name: string): Buffer {
  // A common name has at most 64 characters; clients read the alternative names.
  return sequence(set(sequence(identifier(oid.commonName), text(name.slice(0, 64)))));
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(identifier(id), ...(isCritical ? [yes] : []), octets(value));
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 0 ? encode(0x82, Buffer.from(name)) : encode(0x87, addressBytes(name));
}

function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split(".").map(Number));
  // The URL parser writes every IPv6 address in groups of hexadecimal digits.
  const [left = "", right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (half: string) => half.split(":").filter((group) => group !== "");
  const [before, after] = [groups(left), groups(right ?? "")];
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  const hex = [...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join("");
  return Buffer.from(hex, "hex");
}

function keyId(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ format: "der", type: "spki" });
  return createHash("sha1").update(spki.subarray(-65)).digest();
}

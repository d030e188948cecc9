import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { pairProblem } from "../certificate-pair.ts";
import { ConfigError } from "../problem.ts";
import { validate } from "../validate.ts";
import { hasTls } from "./nginx-tls.ts";

/** Made with openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 36500; valid until 2126. */
const certificate = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBjDCCATOgAwIBAgIUBHjC+UnxrAIog6nIkjQXAtRLPj4wCgYIKoZIzj0EAwIw",
  "GzEZMBcGA1UEAwwQZWRnZS5leGFtcGxlLm9yZzAgFw0yNjExMjcwMDI5MTJaGA8y",
  "MTI2MTEwMzAwMjkxMlowGzEZMBcGA1UEAwwQZWRnZS5leGFtcGxlLm9yZzBZMBMG",
  "ByqGSM49AgEGCCqGSM49AwEHA0IABFze7JkMmGbKReBL/pHp5xXUEiKYdc08Mcrc",
  "yCqVXhIDzb6SRUtkZDW0XBDyXGBd7RCFEaue/W6/7YDKCHGI3n2jUzBRMB0GA1Ud",
  "DgQWBBSA09nqyf1oGhIhkyax8sLImrJINDAfBgNVHSMEGDAWgBSA09nqyf1oGhIh",
  "kyax8sLImrJINDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIFRS",
  "pHAQZZQNBGwv5h4f5KIvxqTmiUCnLOp9U9ypjnQTAiAnz2gmDx3+r973O/6rCjni",
  "TEWThM6ot2fu9rhHQMmnTQ==",
  "-----END CERTIFICATE-----",
  "",
].join("\n");
const key = [
  "-----BEGIN PRIVATE KEY-----",
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg35BbfLQSukNUti7u",
  "NEsVX9P5VQMGfps2SltPb7niqT6hRANCAARc3uyZDJhmykXgS/6R6ecV1BIimHXN",
  "PDHK3MgqlV4SA82+kkVLZGQ1tFwQ8lxgXe0QhRGrnv1uv+2AyghxiN59",
  "-----END PRIVATE KEY-----",
  "",
].join("\n");
/** The same key in the form of openssl ecparam -genkey. */
const ecKey = [
  "-----BEGIN EC PARAMETERS-----",
  "BggqhkjOPQMBBw==",
  "-----END EC PARAMETERS-----",
  "-----BEGIN EC PRIVATE KEY-----",
  "MHcCAQEEIN+QW3y0ErpDVLYu7jRLFV/T+VUDBn6bNkpbT2+54qk+oAoGCCqGSM49",
  "AwEHoUQDQgAEXN7smQyYZspF4Ev+kennFdQSIph1zTwxytzIKpVeEgPNvpJFS2Rk",
  "NbRcEPJcYF3tEIURq579br/tgMoIcYjefQ==",
  "-----END EC PRIVATE KEY-----",
  "",
].join("\n");
const otherCertificate = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBeDCCAR2gAwIBAgIUf5jfpCNkcRJvN/4SlfPYC2cnjWYwCgYIKoZIzj0EAwIw",
  "EDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTI3MDAyOTEyWhgPMjEyNjExMDMwMDI5",
  "MTJaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
  "01WN68PNgNeAjPtDwPRvnxbJJFpQQJUcysDa7n0AmfYut/nfUdo+756dQTxW4Nz7",
  "bi3KxcwP8Y7QA2MkEaDkvaNTMFEwHQYDVR0OBBYEFIqEdbAaevZIjxcEcxXHIYrT",
  "MY5EMB8GA1UdIwQYMBaAFIqEdbAaevZIjxcEcxXHIYrTMY5EMA8GA1UdEwEB/wQF",
  "MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAPJKopkyOSdBTbj77RGAwH3wdWdmtBkk",
  "hTiqVxYL+LhEAiEAiaEvkfDoLCTiYl6Kxx3y7dvueX2aRsDDJnyOBGFKPTg=",
  "-----END CERTIFICATE-----",
  "",
].join("\n");
const otherKey = [
  "-----BEGIN PRIVATE KEY-----",
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg03tetdph5AcgoEMw",
  "J1QxPfO1SrNY7zaIYXLiN6XE7iOhRANCAATTVY3rw82A14CM+0PA9G+fFskkWlBA",
  "lRzKwNrufQCZ9i63+d9R2j7vnp1BPFbg3PtuLcrFzA/xjtADYyQRoOS9",
  "-----END PRIVATE KEY-----",
  "",
].join("\n");
/** Of the first key; its time has ended before. */
const expiredCertificate = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBAzCBqgIBATAKBggqhkjOPQQDAjAOMQwwCgYDVQQDDANvbGQwHhcNMTkwMTAx",
  "MDAwMDAwWhcNMjAwMTAxMDAwMDAwWjAOMQwwCgYDVQQDDANvbGQwWTATBgcqhkjO",
  "PQIBBggqhkjOPQMBBwNCAARc3uyZDJhmykXgS/6R6ecV1BIimHXNPDHK3MgqlV4S",
  "A82+kkVLZGQ1tFwQ8lxgXe0QhRGrnv1uv+2AyghxiN59MAoGCCqGSM49BAMCA0gA",
  "MEUCIQDgU+44EARwUQ6TkwmV3scy+5jX84X/tvAdkg06uQbwyAIgQghyZ8yxbtsi",
  "igfKlgmbEnL45iQ7uLKjEBKvbyTfjSM=",
  "-----END CERTIFICATE-----",
  "",
].join("\n");
const day = 24 * 3600 * 1000;

function problems(tls: object): string[] {
  try {
    validate({ nginx: { tls } });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.doesNotMatch(error.message, /PRIVATE KEY|MIGH/, "the key must not be shown");
    return error.problems.map(({ path, rule, fix }) => `${path} ${rule}; ${fix}`);
  }
}

const pem = (key: ReturnType<typeof generateKeyPairSync>["privateKey"], options: object = {}): string =>
  key.export({ format: "pem", type: "pkcs8", ...options } as never).toString();

test("TLS is off by default, and on with one source of a certificate", () => {
  assert.equal(hasTls(validate({}).nginx.tls), false);
  for (const tls of [{ secret: "edge" }, { selfSigned: true }, { certificate, key }]) {
    assert.deepEqual(problems(tls), []);
    assert.equal(hasTls(validate({ nginx: { tls } }).nginx.tls), true);
  }
});

for (const [what, tls, expected] of [
  [
    "two sources",
    { secret: "edge", selfSigned: true },
    /^nginx\.tls must have only one of .* has secret, selfSigned/,
  ],
  [
    "a certificate without a key",
    { certificate },
    /^nginx\.tls\.key is required with nginx\.tls\.certificate; .*--secret/,
  ],
  ["a key without a certificate", { key }, /^nginx\.tls\.certificate is required with nginx\.tls\.key/],
  ["HSTS without a certificate", { hsts: "1 h" }, /^nginx\.tls\.hsts needs a certificate/],
  ["a port without a certificate", { nodePort: 30_443 }, /^nginx\.tls\.nodePort needs a certificate/],
  [
    "another key",
    { certificate, key: otherKey },
    /^nginx\.tls\.certificate is not the certificate of the key; .*tls\.crt/,
  ],
  [
    "the chain in the wrong order",
    { certificate: otherCertificate + certificate, key },
    /^nginx\.tls\.certificate must begin with the certificate of the key, which is number 2/,
  ],
  [
    "a certificate that is cut",
    { certificate: certificate.replace(/\n[^-\n]{64}\n/, "\n"), key },
    /^nginx\.tls\.certificate has 1 certificates, of which number 1 cannot be read/,
  ],
  [
    "an expired certificate",
    { certificate: expiredCertificate, key },
    /^nginx\.tls\.certificate expired on 2020-/,
  ],
  [
    "a key that is cut",
    { certificate, key: key.replace(/\n[^-\n]{64}\n/, "\n") },
    /^nginx\.tls\.key cannot be read; .*passphrase/,
  ],
  [
    "a key with a passphrase",
    {
      certificate,
      key: pem(generateKeyPairSync("ed25519").privateKey, { cipher: "aes-256-cbc", passphrase: "x" }),
    },
    /^nginx\.tls\.key must be a private key in PEM form without a passphrase/,
  ],
  [
    "a short RSA key",
    { certificate, key: pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey) },
    /^nginx\.tls\.key is an RSA key of 1024 bits/,
  ],
  [
    "a key that TLS has no signature for",
    { certificate, key: pem(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey) },
    /^nginx\.tls\.key must be a key of RSA, of the curve/,
  ],
] as const)
  test(`validate refuses ${what}`, () => {
    const [problem = "", ...rest] = problems(tls);
    assert.match(problem, expected);
    assert.deepEqual(rest, []);
  });

test("pairProblem refuses a chain with an expired authority, and a certificate that is not valid yet", () => {
  assert.match(
    pairProblem(certificate + expiredCertificate, key, Date.now())?.rule ?? "",
    /^has number 2 of 2, which expired on 2020-/,
  );
  assert.match(pairProblem(certificate, key, Date.UTC(2020, 0, 1))?.rule ?? "", /^is not valid before 202/);
  assert.equal(pairProblem(certificate, key, Date.UTC(2126, 0, 1) - day), undefined);
});

test("pairProblem reads keys in the older forms of PEM", () => {
  assert.equal(pairProblem(certificate, ecKey, Date.now()), undefined);
});

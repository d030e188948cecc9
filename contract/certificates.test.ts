import assert from "node:assert/strict";
import { test } from "node:test";
import { readCertificates } from "./certificates.ts";

/** Made with openssl req -x509; valid until 2126. */
const certificate = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBdDCCARugAwIBAgIUcNTIGn9y5mp9gmlFAjL42lkXk8swCgYIKoZIzj0EAwIw",
  "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjYyMDA3MTFaGA8yMTI2MTEwMjIwMDcx",
  "MVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMCz",
  "hUrF0JU7vFOKD/FXCvJlrdp5lqNe+FOmXgGQotqOMlP21CW07obt6pB9fixWnwft",
  "mh4JXt2X/sX/8H2ooImjUzBRMB0GA1UdDgQWBBRX6ojUG/v04frEl+wI9FrT/7rH",
  "ZzAfBgNVHSMEGDAWgBRX6ojUG/v04frEl+wI9FrT/7rHZzAPBgNVHRMBAf8EBTAD",
  "AQH/MAoGCCqGSM49BAMCA0cAMEQCIF67pGG8BJyPD9CbjqEe0a/JAzDkHEkYraPF",
  "Y8nBZX+gAiAfDexTUr/x1HDi5eFCKBm6xD3x3gU1lh++DmnMa0EAqQ==",
  "-----END CERTIFICATE-----",
].join("\n");
const garbage = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

for (const [what, pem, expected] of [
  ["a certificate", certificate, { count: 1, unreadable: undefined }],
  [
    "two and text around them",
    `# ours\n${certificate}\r\n\n${certificate}\n`,
    { count: 2, unreadable: undefined },
  ],
  ["one that is cut", `${certificate}\n${garbage}\n`, { count: 2, unreadable: 2 }],
  [
    "a key",
    "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
    { count: 0, unreadable: undefined },
  ],
] as const)
  test(`readCertificates reads ${what}`, () => assert.deepEqual(readCertificates(pem), expected));

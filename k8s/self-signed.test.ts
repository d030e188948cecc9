import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connect, createServer } from "node:tls";
import { pairProblem } from "../config/certificate-pair.ts";
import { readCertificates } from "../contract/certificates.ts";
import { selfSigned } from "./self-signed.ts";

const names = ["nginx.space.svc.cluster.local", "localhost", "127.0.0.1", "::1", "2001:db8::a:0:1"];
const made = selfSigned(names, Date.now());

test("selfSigned makes a certificate that fits its key, for ten years, with all names", () => {
  const leaf = new X509Certificate(made.certificate);
  assert.equal(pairProblem(made.certificate, made.key, Date.now()), undefined);
  assert.equal(pairProblem(made.certificate, made.key, Date.now() + 9.9 * 365 * 24 * 3600 * 1000), undefined);
  assert.match(pairProblem(made.certificate, made.key, Date.now() + 11 * 365 * 864e5)?.rule ?? "", /expired/);
  assert.deepEqual(readCertificates(made.certificate), { count: 2, unreadable: undefined });
  for (const host of ["nginx.space.svc.cluster.local", "localhost"]) assert.equal(leaf.checkHost(host), host);
  for (const address of ["127.0.0.1", "::1", "2001:db8::a:0:1"])
    assert.equal(leaf.checkIP(address), address, leaf.subjectAltName);
  assert.equal(leaf.checkHost("other.example.org"), undefined);
  assert.equal(leaf.ca, false);
});

test("selfSigned writes a time after 2049 in the form that certificates have for it", () => {
  const late = selfSigned(["localhost"], Date.UTC(2060, 0, 1));
  assert.equal(new X509Certificate(late.authority).validFromDate.toISOString(), "2059-12-31T00:00:00.000Z");
});

test("a TLS client accepts the certificate by its authority alone, and by no other", async () => {
  const server = createServer({ cert: made.certificate, key: made.key }, (socket) => socket.end());
  server.on("tlsClientError", () => {});
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const problem = async (ca: string) => {
      const socket = connect({ port, host: "127.0.0.1", ca });
      const [error] = await Promise.race([once(socket, "secureConnect"), once(socket, "error")]).catch(
        (thrown) => [thrown],
      );
      socket.destroy();
      return (error as NodeJS.ErrnoException | undefined)?.code;
    };
    assert.equal(await problem(made.authority), undefined);
    assert.match((await problem(selfSigned(names, Date.now()).authority)) ?? "", /CERT|VERIFY|SIGNATURE/);
  } finally {
    server.close();
  }
});

test("two authorities and their certificates differ", () => {
  const other = selfSigned(names, Date.now());
  assert.notEqual(
    new X509Certificate(other.certificate).serialNumber,
    new X509Certificate(made.certificate).serialNumber,
  );
  assert.equal(
    new X509Certificate(made.certificate).verify(new X509Certificate(other.authority).publicKey),
    false,
  );
  assert.equal(
    new X509Certificate(made.certificate).verify(new X509Certificate(made.authority).publicKey),
    true,
  );
});

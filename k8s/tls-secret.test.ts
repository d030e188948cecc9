import assert from "node:assert/strict";
import { test } from "node:test";
import { selfSigned } from "./self-signed.ts";
import { tlsSecretProblems } from "./tls-secret.ts";

const good = selfSigned(["api.example.org"], Date.now());
const encoded = (text: string) => Buffer.from(text).toString("base64");

/** A Secret with these files. */
const secretOf = (certificate: string, key: string, type = "kubernetes.io/tls") => ({
  type,
  data: { "tls.crt": encoded(certificate), "tls.key": encoded(key) },
});

/** The rules that the Secret breaks; a number is the status of the API server's response. */
async function rules(found: object | number): Promise<string[]> {
  const getJson = async <T>(path: string): Promise<T> => {
    assert.equal(path, "/api/v1/namespaces/space/secrets/edge");
    if (typeof found === "number") throw Object.assign(new Error("refused"), { status: found });
    return found as T;
  };
  const problems = await tlsSecretProblems({ getJson }, "space", "edge", Date.now());
  for (const { path, value } of problems) assert.deepEqual([path, value], ["nginx.tls.secret", "edge"]);
  return problems.map(({ rule }) => rule);
}

test("tlsSecretProblems accepts a Secret whose certificate fits its key, and one that it may not read", async () => {
  for (const found of [secretOf(good.certificate, good.key), 401, 403])
    assert.deepEqual(await rules(found), []);
});

test("tlsSecretProblems refuses a Secret that is missing or has another type", async () => {
  assert.deepEqual(await rules(404), ["is no Secret of the namespace space"]);
  const [rule] = await rules(secretOf(good.certificate, good.key, "Opaque"));
  assert.match(rule ?? "", /type Opaque, and must be of kubernetes\.io\/tls/);
});

test("tlsSecretProblems refuses a Secret whose certificate cannot serve", async () => {
  const other = selfSigned(["api.example.org"], Date.now());
  const old = selfSigned(["api.example.org"], Date.UTC(2000, 0, 1));
  for (const [found, expected] of [
    [
      secretOf(good.certificate, other.key),
      /^has a certificate \(tls\.crt\) that is not the certificate of the key$/,
    ],
    [secretOf(old.certificate, old.key), /tls\.crt\) that has number 1 of 2, which expired on 2009-/],
    [secretOf("", good.key), /tls\.crt\) that has no certificate/],
    [secretOf(good.certificate, "x"), /^has a key \(tls\.key\) that cannot be read/],
    [{ type: "kubernetes.io/tls" }, /tls\.crt\) that has no certificate/],
  ] as const)
    assert.match((await rules(found)).join(), expected);
});

test("tlsSecretProblems passes on that the API server failed", async () => {
  await assert.rejects(rules(500), /refused/);
});

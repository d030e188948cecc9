import assert from "node:assert/strict";
import { Agent, type RequestOptions } from "node:https";
import { test } from "node:test";
import { plainAccess } from "./read-cluster.ts";

const encode = (text: string): string => Buffer.from(text).toString("base64");

const kubeconfig = (user: object, cluster: object = {}): string =>
  JSON.stringify({
    contexts: [{ name: "mine", context: { cluster: "c", user: "u" } }],
    clusters: [
      {
        name: "c",
        cluster: { server: "https://c:1", "certificate-authority-data": encode("ca"), ...cluster },
      },
    ],
    users: [{ name: "u", user }],
  });

async function optionsOf(...kubeconfigs: string[]): Promise<RequestOptions | undefined> {
  const options: RequestOptions = {};
  const access = plainAccess(kubeconfigs, "mine");
  await access?.addCredentials(options);
  return access && options;
}

test("plainAccess takes certificates and tokens from the kubeconfig", async () => {
  const certificate = { "client-certificate-data": encode("cert"), "client-key-data": encode("key") };
  const { ca, cert, key, agent } = (await optionsOf(kubeconfig(certificate))) ?? {};
  assert.deepEqual([ca, cert, key].map(String), ["ca", "cert", "key"]);
  assert.ok(agent instanceof Agent);
  const withToken = await optionsOf(kubeconfig({ token: "secret" }));
  assert.deepEqual(withToken?.headers, { authorization: "Bearer secret" });
});

test("plainAccess takes the first of entries with the same name", async () => {
  const options = await optionsOf(kubeconfig({ token: "first" }), kubeconfig({ token: "second" }));
  assert.deepEqual(options?.headers, { authorization: "Bearer first" });
});

test("plainAccess leaves everything else to the Kubernetes client", async () => {
  for (const user of [
    { exec: { command: "aws" } },
    { tokenFile: "/t" },
    { "client-certificate": "/c" },
    { token: "t", as: "someone" },
  ])
    assert.equal(await optionsOf(kubeconfig(user)), undefined, JSON.stringify(user));
  for (const cluster of [
    { "proxy-url": "http://p" },
    { "insecure-skip-tls-verify": true },
    { "certificate-authority": "/ca" },
  ])
    assert.equal(await optionsOf(kubeconfig({}, cluster)), undefined, JSON.stringify(cluster));
  assert.equal(plainAccess([kubeconfig({})], "other"), undefined);
});

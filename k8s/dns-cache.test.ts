import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsCacheTime } from "./dns-cache.ts";

const corefile = (plugins: string) => `.:53 {\n kubernetes cluster.local {\n ttl 20\n }\n ${plugins}\n}\n`;
const nodeLocal = "cluster.local:53 {\n cache {\n success 9984 30\n }\n forward . 10.96.0.10\n}\n";

for (const [what, files, seconds] of [
  ["the assumed time when there is no Corefile", {}, 30],
  ["nothing when CoreDNS does not cache", { coredns: corefile("errors") }, 0],
  ["the cache of CoreDNS", { coredns: corefile("cache 30") }, 20],
  ["the cache of the nodes", { coredns: corefile("errors"), "node-local-dns": nodeLocal }, 20],
  ["both caches", { coredns: corefile("cache 10"), "node-local-dns": nodeLocal }, 30],
] as const)
  test(`dnsCacheTime returns ${what}`, async () => {
    const time = await dnsCacheTime(async (name) => (files as Record<string, string>)[name], "cluster.local");
    assert.equal(time, seconds * 1000);
  });

test("dnsCacheTime refuses a domain that the cluster's DNS does not have", async () => {
  const read = async (name: string) => (name === "coredns" ? corefile("cache 30") : undefined);
  await assert.rejects(
    dnsCacheTime(read, "corp.internal"),
    /cluster\.domain: "corp\.internal" must be .* has cluster\.local; set it: pulumi config set/,
  );
});

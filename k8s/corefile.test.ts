import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheTimeOf, clusterDomains, ttlOf } from "./corefile.ts";

const corefile = (cache: string, ttl = "ttl 30") => `.:53 {
    errors
    health {
       lameduck 5s
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       ${ttl}
    }
    prometheus :9153 # metrics
    ${cache}
    reload
}
`;

for (const [what, text, seconds] of [
  ["no cache", corefile(""), 0],
  [
    "kubeadm's cache, which leaves out the cluster",
    corefile("cache 30 {\n disable success cluster.local\n disable denial cluster.local\n }"),
    0,
  ],
  ["a cache that is disabled for all", corefile("cache 30 {\n disable success\n }"), 0],
  ["a cache that is disabled for another zone", corefile("cache 30 {\n disable success example.org\n }"), 30],
  ["a cache below the TTL", corefile("cache 10"), 10],
  ["a cache above the TTL", corefile("cache 300"), 30],
  ["a cache without numbers", corefile("cache"), 30],
  ["the TTL of CoreDNS", corefile("cache 30", ""), 5],
  ["a TTL below the cache's minimum", corefile("cache 30", "ttl 0"), 5],
  ["a minimum of its own", corefile("cache {\n success 9984 20 10\n }", "ttl 1"), 10],
  ["a limit for responses with records", corefile("cache 300 {\n success 9984 8\n }"), 8],
  ["a comment", corefile("# cache 30"), 0],
  ["a block for the cluster", `${corefile("cache 300")}cluster.local:53 {\n cache 7\n}\n`, 7],
  ["a block for another domain", `example.org {\n cache 300\n}\n${corefile("cache 9")}`, 9],
  ["nothing", "", 0],
] as const)
  test(`cacheTimeOf returns ${seconds} s for ${what}`, () => {
    assert.equal(cacheTimeOf(text, "cluster.local"), seconds * 1000);
  });

test("cacheTimeOf takes the TTL of forwarded records", () => {
  const local =
    "cluster.local:53 {\n cache {\n success 9984 30\n denial 9984 5\n }\n forward . 10.96.0.10 {\n force_tcp\n }\n}\n.:53 {\n cache 30\n}";
  assert.equal(cacheTimeOf(local, "cluster.local", 12), 12_000);
  assert.equal(ttlOf(corefile("")), 30);
});

for (const [text, domains] of [
  [".:53 {\n kubernetes cluster.local in-addr.arpa ip6.arpa {\n }\n}", ["cluster.local"]],
  [".:53 {\n kubernetes cluster.local. corp.internal 10.0.0.0/24\n}", ["cluster.local", "corp.internal"]],
  ["corp.internal:53 {\n kubernetes\n}", ["corp.internal"]],
  [".:53 {\n kubernetes {$DOMAIN} in-addr.arpa {\n }\n}", []],
  [".:53 {\n forward . 10.0.0.1\n}", []],
] as const)
  test(`clusterDomains finds ${JSON.stringify(domains)} in ${JSON.stringify(text)}`, () => {
    assert.deepEqual(clusterDomains(text), domains);
  });

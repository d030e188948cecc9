import assert from "node:assert/strict";
import { test } from "node:test";
import { trafficPolicy } from "./sections/nginx.ts";
import { problemsOf } from "./testing/problems.ts";
import { validate } from "./validate.ts";

/** The problems that validate finds with these options of the gateway behind a load balancer. */
function problems(nginx: object): string[] {
  return problemsOf({ nginx: { serviceType: "LoadBalancer", ...nginx } }).map(
    ({ path, rule, fix }) => `${path} ${rule}; ${fix}`,
  );
}

for (const [path, uses, name, shared, chosen] of [
  [
    "nginx.limits.requestsPerSecond",
    { limits: { requestsPerSecond: 10 } },
    undefined,
    "count as one",
    "limit nobody",
  ],
  [
    "nginx.limits.concurrentRequests",
    { limits: { concurrentRequests: 10 } },
    undefined,
    "count as one",
    "limit nobody",
  ],
  ["nginx.balance", { balance: "ip-hash" }, "nginx.balance ip-hash", "to one pod", "choose its pod"],
  [
    "nginx.hashKey",
    { balance: "hash", hashKey: "$remote_addr" },
    "nginx.balance hash",
    "to one pod",
    "choose its pod",
  ],
] as const) {
  test(`validate refuses ${path} where all clients have the address of a proxy or a node`, () => {
    const [inside = ""] = problems({ ...uses, serviceType: "ClusterIP" });
    assert.ok(inside.startsWith(`${path} needs the clients' addresses`), inside);
    assert.ok(inside.includes(shared), inside);
    assert.match(inside, /; name the proxies in nginx\.trustedProxies/);
    const [hidden = ""] = problems({ ...uses, externalTrafficPolicy: "Cluster" });
    assert.match(hidden, /^nginx\.externalTrafficPolicy hides .*; set it to Local/);
    assert.ok(hidden.includes(name ?? path), hidden);
  });

  test(`validate accepts ${path} where the address is the client's own`, () => {
    const trustedProxies = ["10.0.0.0/8"];
    for (const nginx of [
      {},
      { externalTrafficPolicy: "Local" },
      { serviceType: "NodePort" },
      { serviceType: "ClusterIP", trustedProxies },
      { externalTrafficPolicy: "Cluster", trustedProxies },
    ])
      assert.deepEqual(problems({ ...uses, ...nginx }), [], JSON.stringify(nginx));
  });

  test(`validate refuses ${path} when every client may choose its address`, () => {
    for (const network of ["0.0.0.0/0", "::/0", "128.0.0.0/1", "2000::/3"]) {
      const [problem = ""] = problems({ ...uses, trustedProxies: ["10.0.0.0/8", network] });
      assert.match(problem, /^nginx\.trustedProxies\[1\] lets every client choose/);
      assert.ok(problem.includes(chosen), problem);
    }
    assert.deepEqual(problems({ trustedProxies: ["0.0.0.0/0"] }), []);
  });

  test(`trafficPolicy keeps the clients' addresses for ${path}, and hides them again without it`, () => {
    const policy = (nginx: object) => trafficPolicy(validate({ nginx }).nginx);
    assert.equal(policy({ serviceType: "NodePort", ...uses }), "Local");
    assert.equal(policy({ serviceType: "NodePort" }), undefined);
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { validate } from "../config/validate.ts";
import { noticesOf } from "./notices.ts";

const elsewhere = { cluster: { kubeContext: "prod" }, registry: { address: "registry.example.org" } };

test("noticesOf names the parts of a stack elsewhere that have a single pod", () => {
  const one = validate({ ...elsewhere, api: { replicas: 1 }, nginx: { replicas: 1 } });
  assert.deepEqual(
    noticesOf(one).map((text) => text.split(":")[0]),
    ["api.replicas is 1", "nginx.replicas is 1"],
  );
  const two = validate({ ...elsewhere, api: { replicas: 2 }, nginx: { replicas: 2 } });
  assert.deepEqual(noticesOf(two), []);
});

test("noticesOf counts no backup pools, and says nothing about the embedded cluster", () => {
  const pools = [
    { name: "main", replicas: 1 },
    { name: "spare", replicas: 3, backup: true },
  ];
  const config = validate({ ...elsewhere, api: { pools }, nginx: { replicas: 2 } });
  assert.match(noticesOf(config).join(), /^the sum of api\.pools\[\]\.replicas is 1/);
  assert.deepEqual(noticesOf(validate({ api: { replicas: 1 }, nginx: { replicas: 1 } })), []);
});

test("noticesOf says that clients stay on their pool for nothing where there is a single pool, on every cluster", () => {
  const pool = (name: string, backup = false) => ({ name, replicas: 1, backup });
  const notices = (...pools: ReturnType<typeof pool>[]) =>
    noticesOf(validate({ nginx: { sticky: true }, ...(pools.length > 0 && { api: { pools } }) }));
  for (const pools of [[], [pool("a")], [pool("a"), pool("b", true)]])
    assert.match(notices(...pools).join(), /^nginx\.sticky has no effect/);
  assert.deepEqual(notices(pool("a"), pool("b")), []);
});

test("noticesOf names build arguments that seem to be secrets", () => {
  const args = { NPM_TOKEN: "t", VERSION: "1", KEYBOARD: "de", TOKENIZER: "x", DB_PASSWORD: "p" };
  const config = validate({ api: { source: { context: "../shop", args }, contract: { live: "/healthz" } } });
  const notices = noticesOf(config);
  assert.deepEqual(
    notices.map((text) => text.split(" ")[0]),
    ["api.source.args.NPM_TOKEN", "api.source.args.DB_PASSWORD"],
  );
});

test("noticesOf says that the policies refuse Prometheus when a PodMonitor is there and no reader is named", () => {
  const notices = (network: object) => noticesOf(validate({ api: { podMonitor: true }, network }));
  assert.match(notices({ policies: true }).join(), /^api\.podMonitor: .*network\.metricsNamespaces/);
  assert.deepEqual(notices({ policies: false }), []);
  assert.deepEqual(notices({ policies: true, metricsNetworks: ["10.0.0.0/8"] }), []);
});

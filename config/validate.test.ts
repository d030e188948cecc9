import assert from "node:assert/strict";
import { test } from "node:test";
import { type RawConfig, sections } from "./stack-config.ts";
import { problemsOf } from "./testing/problems.ts";
import { parseBytes, parseMilliseconds } from "./units.ts";
import { validate } from "./validate.ts";

/** `path: rule` of every problem. */
function problems(raw: RawConfig): string[] {
  return problemsOf(raw).map(({ path, rule }) => `${path}: ${rule}`);
}

/** The whole text that the user sees. */
function message(raw: RawConfig): string {
  try {
    validate(raw);
  } catch (error) {
    return (error as Error).message;
  }
  return assert.fail("no problem was found");
}

/** Default of an option for the embedded cluster, as its row in `config/sections/` has it. */
const embeddedDefault = (section: "api" | "nginx", option: string) =>
  sections[section].children[`.${option}`]?.defaults.embedded;

test("validate returns the embedded default when the config is empty", () => {
  const config = validate({});
  assert.equal(config.api.replicas, embeddedDefault("api", "replicas"));
  assert.equal(config.api.memory, parseBytes(embeddedDefault("api", "memory")));
  assert.equal(config.registry.address, "localhost:5000");
  assert.equal(config.images.node, "localhost:5000/breakwater/node:24");
  assert.equal(config.nginx.serviceType, "NodePort");
});

test("validate keeps the other defaults when one key of a section is given", () => {
  const { api, nginx } = validate({ api: { replicas: 5 }, nginx: { nodePort: 30081 } });
  assert.deepEqual([api.replicas, api.memory], [5, parseBytes(embeddedDefault("api", "memory"))]);
  assert.deepEqual(
    [nginx.nodePort, nginx.timeout],
    [30081, parseMilliseconds(embeddedDefault("nginx", "timeout"))],
  );
});

test("validate takes a number when it is stored as text", () => {
  assert.equal(validate({ api: { replicas: "7" } }).api.replicas, 7);
});

test("validate uses public images, sets no node port and requires a registry when the cluster is named", () => {
  const cluster = { kubeContext: "prod" };
  const { images, nginx } = validate({ cluster, registry: { address: "registry.example.org" } });
  assert.equal(images.redis, "docker.io/library/redis:8.0");
  assert.deepEqual([nginx.serviceType, nginx.nodePort], ["ClusterIP", undefined]);
  assert.deepEqual(problems({ cluster }), ["registry.address: is required"]);
});

test("validate reports all problems at once, each with path, value, rule and fix", () => {
  const text = message({ apii: 1, api: { replica: 5, memory: "64 MB" }, redis: "six" });
  assert.equal(
    text,
    [
      "The stack config has 4 problems:",
      "  apii: 1 is not a known key; did you mean api? (pulumi config rm --path 'apii')",
      "  api.replica: 5 is not a known key; did you mean replicas? (pulumi config rm --path 'api.replica')",
      '  api.memory: "64 MB" must be at least 96 MiB, written with its unit like "192 MiB"; set it: pulumi config set --path \'api.memory\' …',
      "  redis: \"six\" must be an object; set it: pulumi config set --path 'redis' …",
    ].join("\n"),
  );
});

test("validate lists the known keys when no key is similar", () => {
  assert.match(message({ api: { zzzzzz: 1 } }), /known keys are .*replicas/);
});

for (const [raw, found] of [
  [{ api: { replicas: -1 } }, "api.replicas: must be a whole number from 0 to 500"],
  [{ api: { replicas: 2.5 } }, "api.replicas: must be a whole number from 0 to 500"],
  [{ api: { replicas: "many" } }, "api.replicas: must be a whole number from 0 to 500"],
  [{ api: { replicas: null } }, "api.replicas: must be a whole number from 0 to 500"],
  [{ api: { memory: 192 } }, 'api.memory: must be at least 96 MiB, written with its unit like "192 MiB"'],
  [{ redis: { shards: 0 } }, "redis.shards: must be a whole number from 1 to 100"],
  [
    { redis: { shards: 2 } },
    "redis.shards: must be 3 or more, or 1 for a single node: of two primaries, neither has a majority when the other fails",
  ],
  [
    { redis: { shards: 1 } },
    "redis.replicasPerShard: must be 0 when redis.shards is 1: it takes three primaries to elect a replica in the place of one that failed",
  ],
  [
    { nginx: { timeout: "30" } },
    'nginx.timeout: must be from 100 ms to 1 h, written with its unit like "30 s"',
  ],
  [
    { nginx: { hashKey: "$a; evil" } },
    'nginx.hashKey: must be one Nginx variable like "$request_uri", or of the kind "$http_x_user", "$arg_id" or "$cookie_session"',
  ],
  [{ nginx: { nodePort: 8080 } }, "nginx.nodePort: must be a whole number from 30000 to 32767"],
  [{ api: { pools: [] } }, "api.pools: must be a list with at least one item"],
  [
    { cluster: { kubeContext: "prod", metricsServer: true }, registry: { address: "registry.example.com" } },
    "cluster.metricsServer: is for the embedded cluster only, but cluster.kubeContext names another cluster",
  ],
  [{ cluster: { kubeconfig: "x" } }, "cluster.kubeconfig: is read only together with cluster.kubeContext"],
  [{ api: { env: { PORT: "1" } } }, "api.env.PORT: is set by the stack itself"],
  [{ api: { env: { "A B": "1" } } }, "api.env.A B: must be a variable name: letters, digits and _"],
  [{ api: { cpu: "50m" } }, "api.cpuRequest: must not be above api.cpu, which is 50m"],
  [
    { redis: { memory: "1 GiB" } },
    "redis.storage: must be at least twice redis.memory (1 GiB): the log is rewritten while the old log still exists",
  ],
  [
    { registry: { username: "me" } },
    "registry.password: must be given, since the other half of the credentials is",
  ],
  [
    { nginx: { balance: "round-robbin" } },
    "nginx.balance: must be one of round-robin, least-conn, random-two, ip-hash, hash, least-time (did you mean round-robin?)",
  ],
] as [RawConfig, string][]) {
  test(`validate refuses ${JSON.stringify(raw)}`, () => assert.deepEqual(problems(raw), [found]));
}

test("validate refuses a backup pool when the balance method has no backups", () => {
  const pools = [
    { name: "blue", replicas: 1 },
    { name: "spare", replicas: 1, backup: true },
  ];
  assert.deepEqual(problems({ api: { pools } }), []);
  assert.deepEqual(problems({ api: { pools }, nginx: { balance: "hash" } }), [
    "api.pools[1].backup: cannot be combined with nginx.balance hash, for which Nginx knows no backup servers",
  ]);
});

test("validate refuses pools of the same name, and pools that are all backups", () => {
  const pool = { name: "blue", replicas: 1, backup: true };
  assert.deepEqual(problems({ api: { pools: [pool, pool] } }), [
    "api.pools[1].name: must be a name that no other pool has",
    "api.pools: must have a pool that is no backup and has a weight above 0",
  ]);
});

test("validate never shows a secret", () => {
  const secret = "swordfish";
  const text = message({
    database: { url: `mysql://${secret}` },
    registry: { username: "me", password: { [secret]: secret } },
    api: { env: { A: { b: secret }, REDIS_PASSWORD: secret } },
  });
  assert.ok(!text.includes(secret), text);
  assert.match(text, /database\.url: "\[secret\]" must be a URL/);
});

test("validate shows no text of a section with secrets when its form or a key is wrong", () => {
  const secret = "swordfish";
  for (const raw of [
    { api: { env: [`TOKEN=${secret}`] } },
    { api: { env: `TOKEN=${secret}` } },
    { api: [{ env: { A: secret } }] },
    { database: `postgres://u:${secret}@h/db` },
    { database: { urll: secret } },
    { databaseUrl: secret },
    { registry: { passwrd: secret } },
  ]) {
    const text = message(raw);
    assert.ok(!text.includes(secret), text);
    assert.match(text, /: "\[secret\]" /);
  }
});

test("validate refuses the key __proto__ everywhere, and takes other names of object members", () => {
  const refused = (json: string) => problems(JSON.parse(json)).map((problem) => problem.split(":")[0]);
  for (const json of [
    '{"api":{"env":{"__proto__":"x"}}}',
    '{"api":{"pod":{"labels":{"__proto__":"x"}}}}',
    '{"loadtest":{"scenarios":{"__proto__":{"mix":{"read":1}}}}}',
    '{"loadtest":{"scenarios":{"light":{"mix":{"__proto__":1}}}}}',
    '{"__proto__":{"replicas":1}}',
  ])
    assert.match(String(refused(json)), /(^|\.)__proto__$/, json);
  assert.deepEqual(refused('{"api":{"env":{"constructor":"x","toString":"x"}}}'), []);
});

test("validate reports a word that is an object with a member toString", () => {
  const rule = "nginx.balance: must be one of round-robin, least-conn, random-two, ip-hash, hash, least-time";
  assert.deepEqual(problems({ nginx: { balance: { toString: 1 } } }), [rule]);
});

test("validate asks for quotes when a text is a number or a truth value", () => {
  const text = message({
    registry: { username: 12345, password: 67890 },
    api: { pod: { tolerations: [{ key: "dedicated", value: true }] } },
  });
  const quotes = "must be a text; put it in quotes in the stack's file";
  for (const found of [
    `registry.username: 12345 ${quotes}`,
    `registry.password: "[secret]" ${quotes}`,
    `api.pod.tolerations[0].value: true ${quotes}`,
  ])
    assert.ok(text.includes(found), text);
});

test("validate refuses another domain or platform than the embedded cluster has, and names both ways out", () => {
  const raw = { cluster: { domain: "corp.internal" }, images: { platform: "linux/arm64" } };
  assert.deepEqual(problems(raw), [
    "cluster.domain: must be cluster.local, the domain of its DNS server, on the embedded cluster",
    "images.platform: must be linux/amd64, the platform of its node and base images, on the embedded cluster",
  ]);
  assert.match(message(raw), /pulumi config rm --path cluster\.domain; or name another cluster/);
});

test("validate takes any domain and platform on a cluster of one's own", () => {
  const cluster = { kubeContext: "prod", domain: "corp.internal" };
  const config = validate({
    cluster,
    registry: { address: "r.example.org" },
    images: { platform: "linux/arm64" },
  });
  assert.deepEqual([config.cluster.domain, config.images.platform], ["corp.internal", "linux/arm64"]);
  for (const domain of [
    "Corp.internal",
    "corp..internal",
    "-corp",
    "d".repeat(101),
    `${"d".repeat(64)}.org`,
    "corp.",
  ])
    assert.deepEqual(
      problems({ cluster: { ...cluster, domain }, registry: { address: "r.example.org" } }).length,
      1,
    );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type RedisConfOptions, renderRedisConf } from "./redis-conf.ts";

const render = (options: Partial<RedisConfOptions> = {}) =>
  renderRedisConf({ maxmemoryBytes: 32_000_000, replicaPassword: "s3cret", podPassword: "p0d", ...options });

/** Returns the directives with their values as written; fails when a directive appears twice. */
function directives(conf: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of conf.split("\n").filter((text) => text !== "" && !text.startsWith("#"))) {
    const [, name = "", value = ""] = /^([a-z-]+) (.+)$/.exec(line) ?? assert.fail(line);
    assert.ok(!found.has(name), `${name} is given twice`);
    found.set(name, value);
  }
  return found;
}

/** Reads a quoted text as Redis does. Redis has more escapes; the text must not contain any of them by accident. */
function unquoted(text: string | undefined): string {
  const [, inner] = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text ?? "") ?? [];
  return inner?.replace(/\\(.)/g, "$1") ?? assert.fail(`${text} is not one quoted word`);
}

test("renderRedisConf writes the given settings", () => {
  const conf = directives(render({ nodeTimeoutMs: 5000, dataDir: "/var/lib/redis", port: 7000 }));
  assert.deepEqual(
    ["maxmemory", "cluster-node-timeout", "dir", "port"].map((name) => conf.get(name)),
    ["32000000", "5000", '"/var/lib/redis"', "7000"],
  );
});

test("renderRedisConf writes no directive twice", () => {
  assert.doesNotThrow(() => directives(render()));
});

test("renderRedisConf turns on cluster mode, persistence and eviction", () => {
  const conf = directives(render());
  assert.equal(conf.get("cluster-enabled"), "yes");
  assert.equal(conf.get("appendonly"), "yes");
  assert.equal(conf.get("maxmemory-policy"), "allkeys-lru");
  assert.equal(conf.get("cluster-require-full-coverage"), "no");
});

test("renderRedisConf bounds the pauses and buffers of Valkey, and gives Redis no directive of Valkey", () => {
  const [redis, valkey] = [directives(render()), directives(render({ server: "valkey" }))];
  const added = [...valkey.keys()].filter((name) => !redis.has(name));
  assert.deepEqual(added, [
    "cluster-manual-failover-timeout",
    "slot-migration-max-failover-repl-bytes",
    "client-output-buffer-limit",
    "cluster-slot-migration-log-max-len",
    "io-threads",
  ]);
  assert.equal(valkey.get("client-output-buffer-limit"), "replica 16000000 8000000 60");
});

test("renderRedisConf quotes passwords so that Redis reads the same text", () => {
  const password = fc.string({ minLength: 1, unit: "binary" }).filter((text) => !/\p{Cc}/u.test(text));
  const tricky = fc.string({ minLength: 1, unit: fc.constantFrom('"', "\\", "'", " ", "#", "$", "n", "x") });
  fc.assert(
    fc.property(fc.oneof(password, tricky), (text) => {
      const conf = directives(render({ replicaPassword: text, podPassword: `p${text}` }));
      assert.equal(unquoted(conf.get("requirepass")), `p${text}`);
      assert.equal(unquoted(conf.get("masterauth")), text);
    }),
  );
});

test("renderRedisConf refuses control characters", () => {
  for (const text of ["a\nport 1", "a\r", "a\u0000", "a\tb", "a\u007f"]) {
    for (const name of ["replicaPassword", "podPassword"])
      assert.throws(() => render({ [name]: text }), { name: "TypeError", message: new RegExp(`^${name}: `) });
    assert.throws(() => render({ dataDir: text }), { name: "TypeError", message: /^dataDir: / });
  }
});

test("renderRedisConf refuses an empty password, and puts no password into its message", () => {
  assert.throws(() => render({ podPassword: "" }), /^TypeError: podPassword: must not be empty$/);
  assert.throws(
    () => render({ podPassword: "s3cret\n" }),
    (error: Error) => !error.message.includes("s3cret"),
  );
});

test("renderRedisConf refuses a number out of range, and a missing memory limit", () => {
  const refused: Partial<RedisConfOptions>[] = [
    { maxmemoryBytes: 0 },
    { maxmemoryBytes: 1.5 },
    { maxmemoryBytes: Number.NaN },
    { nodeTimeoutMs: 99 },
    { nodeTimeoutMs: Number.POSITIVE_INFINITY },
    { port: 0 },
  ];
  for (const options of refused) {
    const [name] = Object.keys(options);
    assert.throws(() => render(options), { name: "RangeError", message: new RegExp(`^${name}: `) });
  }
});

test("renderRedisConf refuses a port without a valid port for the cluster bus", () => {
  assert.equal(directives(render({ port: 55_535 })).get("port"), "55535");
  assert.throws(() => render({ port: 55_536 }), /^RangeError: port: 55536 must be/);
});

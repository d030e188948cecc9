import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { parse } from "yaml";
import { optionsIn } from "./generate/documentation.ts";
import type { Option } from "./options/option.ts";
import { sections } from "./stack-config.ts";
import { validate } from "./validate.ts";

const root = join(import.meta.dirname, "..");
const ajv = new Ajv({ allowUnionTypes: true, allErrors: true });
const schema = JSON.parse(readFileSync(join(root, "config.schema.json"), "utf8"));
const isValidFile = ajv.compile(schema);

/** Whether an editor accepts the stack config. */
function schemaAccepts(raw: Record<string, unknown>): boolean {
  const named = Object.entries(raw).map(([name, value]) => [`breakwater:${name}`, value]);
  return isValidFile({ config: Object.fromEntries(named) });
}

function validateAccepts(raw: Record<string, unknown>): boolean {
  try {
    validate(raw);
    return true;
  } catch {
    return false;
  }
}

for (const stack of ["local", "remote"])
  test(`the schema and validate accept Pulumi.${stack}.example.yaml`, () => {
    const text = readFileSync(join(root, `Pulumi.${stack}.example.yaml`), "utf8");
    assert.equal(text.split("\n")[0], "# yaml-language-server: $schema=./config.schema.json");
    const file: { config: Record<string, unknown> } = parse(text);
    assert.equal(isValidFile(file), true, ajv.errorsText(isValidFile.errors));
    const entries = Object.entries(file.config);
    validate(Object.fromEntries(entries.map(([name, value]) => [name.replace("breakwater:", ""), value])));
  });

test("the schema refuses unknown keys of the file, and takes other projects' config", () => {
  assert.ok(isValidFile({ config: { "aws:region": "x" }, encryptionsalt: "v1:x" }));
  for (const file of [{ confg: {} }, { config: { "breakwater:apii": {} } }, { config: { api: {} } }])
    assert.ok(!isValidFile(file), JSON.stringify(file));
});

test("the schema accepts encrypted secrets, and nothing else that is encrypted", () => {
  const secure = { secure: "v1:x" };
  const registry = { address: "localhost:5000", username: "me", password: secure };
  assert.ok(schemaAccepts({ database: { url: secure }, registry, api: { env: { A: secure } } }));
  assert.ok(!schemaAccepts({ api: { replicas: secure } }));
  assert.ok(!schemaAccepts({ database: { url: { secure: 1 } } }));
});

const volume = { name: "ca", mountPath: "/etc/ca", configMap: "ca" };
for (const raw of [
  { api: { pools: [{ name: "blue", replicas: "2" }] } },
  { api: { env: { CACHE_STALE_SECONDS: 60, FLAG: true, TEXT: "" } } },
  { api: { workers: "max", uploadVolume: "1.5 GiB", pod: { labels: { "example.org/team": "a", n: 1 } } } },
  { redis: { pod: { tolerations: [{ operator: "Exists" }], volumes: [volume] } } },
  {
    loadtest: {
      gates: [
        { metric: "p99", limit: "2.5 ms" },
        { metric: "error_rate", limit: false },
      ],
    },
  },
  { loadtest: { gates: [{ metric: "memory_peak", limit: "80 %", workload: "api" }] } },
])
  test(`the schema and validate accept ${JSON.stringify(raw)}`, () => {
    validate(raw);
    assert.ok(schemaAccepts(raw), ajv.errorsText(isValidFile.errors));
  });

/** Every bad input of validate.test.ts and gates.test.ts that is no rule between options, and more. */
for (const raw of [
  { apii: 1 },
  { api: { replica: 5 } },
  { api: { memory: "64 MB" } },
  { redis: "six" },
  { api: { zzzzzz: 1 } },
  { api: { replicas: -1 } },
  { api: { replicas: 2.5 } },
  { api: { replicas: "many" } },
  { api: { replicas: null } },
  { api: { memory: 192 } },
  { redis: { shards: 0 } },
  { nginx: { timeout: "30" } },
  { nginx: { hashKey: "$a; evil" } },
  { nginx: { nodePort: 8080 } },
  { api: { pools: [] } },
  { api: { pools: [{ name: "blue" }] } },
  { api: { env: { PORT: "1" } } },
  { api: { env: { WORKERS: "1" } } },
  { api: { env: { "A B": "1" } } },
  { api: { env: { A: { b: "1" } } } },
  { api: { cpu: "5m" } },
  { api: { cpu: "0.0001" } },
  { nginx: { balance: "round-robbin" } },
  { database: { url: "mysql://x" } },
  { registry: { username: "me", password: { swordfish: "x" } } },
  { api: { pod: { labels: { "app.kubernetes.io/name": "x" } } } },
  { api: { pod: { labels: { "a b": "x" } } } },
  { api: { pod: { labels: { a: "x y" } } } },
  { api: { pod: { volumes: [{ ...volume, secret: "ca" }] } } },
  { api: { pod: { volumes: [{ name: "ca", mountPath: "/etc/ca" }] } } },
  { api: { pod: { volumes: [{ ...volume, mountPath: "etc/ca" }] } } },
  { api: { pod: { volumes: [{ ...volume, mountPath: "/etc/../ca" }] } } },
  { api: { pod: { tolerations: [{ operator: "Is" }] } } },
  { api: { pod: { imagePullSecrets: ["A_B"] } } },
  { api: { pod: { imagePullSecrets: ["a", "a"] } } },
  { api: { pod: { volumes: [{ ...volume, mountPath: "/etc/ca/" }] } } },
  JSON.parse('{"api":{"env":{"__proto__":"x"}}}'),
  JSON.parse('{"api":{"pod":{"labels":{"__proto__":"x"}}}}'),
  { loadtest: { scenarios: { Mine: { mix: { read: 1 } } } } },
  { loadtest: { scenarios: { mine: { mix: { Reads: 1 } } } } },
  ...[
    "p99",
    { limit: 1 },
    { metric: "p9", limit: 1 },
    { metric: "p99", limit: 250 },
    { metric: "p99" },
    { metric: "error_rate", limit: "150 %" },
    { metric: "error_rate", limit: 1.5 },
    { metric: "restarts", limit: 1.5 },
    { metric: "restarts", limit: true },
    { metric: "restarts", limit: 1, scenario: "light" },
    { metric: "p99", limit: "1 s", workload: "api" },
    { metric: "p99", limit: "1 s", scenaro: "light" },
    { metric: "p99", limit: "1 s", scenario: "" },
  ].map((gate) => ({ loadtest: { gates: [gate] } })),
])
  test(`the schema and validate refuse ${JSON.stringify(raw)}`, () => {
    assert.ok(!validateAccepts(raw), "validate accepts it");
    assert.ok(!schemaAccepts(raw), "the schema accepts it");
  });

/** Texts near the bounds of any option, and others that look like quantities. */
const digits = fc.oneof(
  fc.nat(200).map(String),
  fc.constantFrom("0", "00", "007", "1000000", "100663296", "8589934592", "9007199254740992", "86400"),
  fc.stringMatching(/^\d{1,17}$/),
);
const fraction = fc.oneof(
  fc.constantFrom("", "", "", ".", ".0", ".5", ".05", ".000", ".0166666", ".09375", ".999"),
  fc.stringMatching(/^\.\d{1,8}$/),
);
const unit = fc.constantFrom(
  ...[
    "",
    "m",
    "ms",
    "s",
    "min",
    "h",
    "B",
    "KiB",
    "MiB",
    "GiB",
    "TiB",
    "Ki",
    "Mi",
    "Gi",
    "Ti",
    "MB",
    "%",
    "sec",
  ],
);
const quantity = fc
  .tuple(fc.constantFrom("", "", "", "-", "+", " "), digits, fraction, fc.constantFrom("", " ", "  "), unit)
  .map((parts) => parts.join(""));

const scalars = Object.entries(sections)
  .flatMap(([name, item]) => optionsIn(item, name))
  .filter(([, { schema }]) => typeof schema.pattern === "string");

/** The option's bounds as texts, and their neighbours in the last digit. */
function boundsOf({ bounds }: Option<unknown>): string[] {
  return (bounds.match(/\d+(\.\d+)? ?[A-Za-z]*/g) ?? []).flatMap((bound) => {
    const [, number = "", rest = ""] = /^([\d.]+)(.*)$/.exec(bound) ?? [];
    return [bound, `${number}.0${rest}`, `${number}.00000001${rest}`, `${number}.001${rest}`].concat(
      [-1, 1].map((step) => `${Number(number) + step}${rest}`),
      `${Number(number) - 1}.999${rest}`,
    );
  });
}

function accepts(option: Option<unknown>, value: unknown): boolean {
  let isAccepted = true;
  option.read(value, "", () => {
    isAccepted = false;
  });
  return isAccepted;
}

test("for every option with a number, the schema accepts a number exactly when the option does", () => {
  const numbers = fc.oneof(
    fc.integer(),
    fc.nat(100_000),
    fc.nat(1000),
    fc.nat(10_000_000).map((n) => n / 1000),
  );
  for (const [path, option] of scalars.filter(([, { schema }]) => "minimum" in schema)) {
    const isValid = ajv.compile(option.schema);
    fc.assert(
      fc.property(numbers, (value) => {
        assert.equal(isValid(value), accepts(option, value), `${path}: ${value}`);
      }),
    );
  }
});

test("for every option with a pattern, the schema accepts a text exactly when the option does", () => {
  assert.ok(scalars.length > 40);
  for (const [path, option] of scalars) {
    const isValid = ajv.compile(option.schema);
    const texts = fc.oneof(quantity, fc.constantFrom(...boundsOf(option), "max", "off"), fc.string());
    fc.assert(
      fc.property(texts, (text) => {
        assert.equal(isValid(text), accepts(option, text), `${path}: ${JSON.stringify(text)}`);
      }),
      { numRuns: 200 },
    );
  }
});

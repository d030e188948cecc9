import assert from "node:assert/strict";
import { before, test } from "node:test";
import { redisUsers } from "../contract/redis-users.ts";
import { ofKind, type Recorded } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];

before(async () => {
  ({ recorded } = await runProgram({
    cluster: { dnsTtl: "0 s" },
    api: { internalTokenVersion: 4 },
    redis: { passwordVersion: 2 },
    database: { passwordVersion: 3, protect: true },
  }));
});

const usersReferences: [string, string][] = [
  ["redis-users", "users.conf"],
  ["redis-users", "replica"],
  ["redis-users", "admin"],
  ["passwords-in-use", "redis-admin"],
  ["passwords-in-use", "redis"],
];

const indexOf = (kind: string, name: string): number => {
  const index = recorded.findIndex(
    (resource) => resource.type.endsWith(`:${kind}`) && resource.name === name,
  );
  assert.notEqual(index, -1, `${kind} ${name}`);
  return index;
};

test("the state has one password for each secret, named by its version", () => {
  const names = recorded.filter(({ type }) => type === "pulumi:index:Stash").map(({ name }) => name);
  const ofRedis = redisUsers.map((user) => `redis-${user}-password-2`);
  assert.deepEqual(names.sort(), ["api-internal-token-4", "database-password-3", ...ofRedis].sort());
});

test("after a rotation of Redis' passwords, the nodes accept them before the API uses them, and forget the old ones after that", () => {
  const order = [
    indexOf("Job", "redis-users"),
    indexOf("Deployment", "api"),
    indexOf("StatefulSet", "redis"),
    indexOf("Secret", "passwords-in-use"),
    indexOf("Job", "redis-users-only"),
  ];
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
});

test("the role gets its password after all API pods know it, and before it counts as in use", () => {
  const order = [
    indexOf("StatefulSet", "database"),
    indexOf("Deployment", "api"),
    indexOf("Job", "database-password"),
    indexOf("Secret", "passwords-in-use"),
  ];
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
});

test("Jobs with passwords run again when the password changes, and have it only by reference", () => {
  const references: Record<string, [string, string][]> = {
    "database-password": [["database-password", "password"]],
    "redis-users": usersReferences,
    "redis-users-only": usersReferences,
  };
  const jobs = ofKind(recorded, "Job").filter(({ name }) => name in references);
  assert.equal(jobs.length, 3);
  for (const { name, inputs } of jobs) {
    const { metadata, spec } = inputs.spec.template;
    assert.match(metadata.annotations["breakwater/password-id"], /^[0-9a-f]{10}$/);
    assert.equal(inputs.metadata.name, undefined, `${name} has a new name each time`);
    const found = spec.containers[0].env.flatMap(
      // biome-ignore lint/suspicious/noExplicitAny: variables of a container
      ({ valueFrom }: any) => (valueFrom === undefined ? [] : [valueFrom.secretKeyRef]),
    );
    assert.deepEqual(
      found.map(({ name, key }: { name: string; key: string }) => [name, key]),
      references[name],
    );
    // They are missing before the first update ends.
    for (const { name, optional } of found) assert.equal(optional, name === "passwords-in-use" || undefined);
  }
});

test("API pods read the passwords in use from files that may be missing", () => {
  const { containers, volumes } = recorded[indexOf("Deployment", "api")]?.inputs.spec.template.spec ?? {};
  const [{ env, volumeMounts }] = containers;
  const mount = volumeMounts.find(({ name }: { name: string }) => name === "passwords");
  const { secret } = volumes.find(({ name }: { name: string }) => name === "passwords");
  assert.deepEqual([secret.secretName, secret.optional, mount.readOnly], ["passwords-in-use", true, true]);
  const data = recorded[indexOf("Secret", "passwords-in-use")]?.inputs.stringData.value;
  for (const [variable, key] of [
    ["DATABASE_PASSWORD_FILE", "database"],
    ["INTERNAL_TOKEN_FILE", "internal-token"],
  ]) {
    const { value } = env.find(({ name }: { name: string }) => name === variable);
    assert.equal(value, `${mount.mountPath}/${key}`);
    assert.deepEqual(
      secret.items.find((item: { key: string }) => item.key === key),
      { key, path: key },
    );
    assert.match(data[key ?? ""], /^[\w-]{32}$/);
  }
});

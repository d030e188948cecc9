import assert from "node:assert/strict";
import { before, test } from "node:test";
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

const indexOf = (kind: string, name: string): number => {
  const index = recorded.findIndex(
    (resource) => resource.type.endsWith(`:${kind}`) && resource.name === name,
  );
  assert.notEqual(index, -1, `${kind} ${name}`);
  return index;
};

test("the state has one password for each secret, named by its version", () => {
  const names = recorded.filter(({ type }) => type === "pulumi:index:Stash").map(({ name }) => name);
  assert.deepEqual(names.sort(), ["api-internal-token-4", "database-password-3", "redis-password-2"]);
});

test("after a rotation of Redis' password, the nodes accept it before the API uses it, and forget the old one after that", () => {
  const order = [
    indexOf("Job", "redis-password"),
    indexOf("Deployment", "api"),
    indexOf("StatefulSet", "redis"),
    indexOf("Secret", "passwords-in-use"),
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
  const jobs = ofKind(recorded, "Job").filter(({ name }) => name.endsWith("-password"));
  assert.equal(jobs.length, 2);
  for (const { name, inputs } of jobs) {
    const { metadata, spec } = inputs.spec.template;
    assert.match(metadata.annotations["breakwater/password-id"], /^[0-9a-f]{10}$/);
    assert.equal(inputs.metadata.name, undefined, `${name} has a new name each time`);
    const references = spec.containers[0].env.flatMap(
      // biome-ignore lint/suspicious/noExplicitAny: variables of a container
      ({ valueFrom }: any) => (valueFrom === undefined ? [] : [valueFrom.secretKeyRef]),
    );
    const expected = [{ name, key: "password" }];
    if (name === "redis-password")
      expected.push({ name: "passwords-in-use", key: "redis", optional: true } as never);
    assert.deepEqual(references, expected);
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

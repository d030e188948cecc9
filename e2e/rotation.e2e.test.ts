import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { $ } from "zx";
import { type RedisUser, redisUsers, redisUsersSecret } from "../contract/redis-users.ts";
import { dataPaths } from "../local/paths.ts";
import { projectRoot } from "../scripts/stack.ts";
import { closeClusterView, pods, until } from "./cluster-view.ts";
import { LightLoad } from "./light-load.ts";
import { inLongForm } from "./long-form.ts";
import { configure, createStack, destroyStack, outputs, stackName, unlock, up } from "./test-stack.ts";

const namespace = `breakwater-${stackName}`;
const kubectl = $({ quiet: true, nothrow: true, env: { ...process.env, KUBECONFIG: dataPaths.kubeconfig } });
const podsOf = (app: string) => pods(namespace, { "app.kubernetes.io/name": app });

before(async () => {
  await createStack();
  await configure("api.replicas", "2");
  await configure("redis.replicasPerShard", "0");
  // A busy machine delays the event loop; this test counts failed requests.
  await configure("api.env.SHED_EVENT_LOOP_DELAY_MS", "0");
  await up();
});
after(async () => {
  closeClusterView();
  await destroyStack();
});

interface Passwords {
  database: string;
  "redis-admin": string;
  "internal-token": string;
}

async function passwordsInUse(): Promise<Passwords> {
  const {
    database = "",
    "redis-admin": admin = "",
    "internal-token": token = "",
  } = await secret("passwords-in-use");
  return { database, "redis-admin": admin, "internal-token": token };
}

/** The newest passwords of the Redis users. */
async function usersOfRedis(): Promise<Record<RedisUser, string>> {
  const found = await secret(redisUsersSecret);
  const passwords = redisUsers.map((user) => [user, found[user] ?? ""]);
  return Object.fromEntries(passwords) as Record<RedisUser, string>;
}

async function secret(name: string): Promise<Record<string, string>> {
  const { stdout } = await kubectl`kubectl get secret ${name} -n ${namespace} -o json`;
  const { data } = JSON.parse(stdout) as { data: Record<string, string> };
  const plain = ([key, text]: [string, string]) => [key, Buffer.from(text, "base64").toString()];
  return Object.fromEntries(Object.entries(data).map(plain));
}

/** Which of the passwords are accepted: by the database, how many users by every Redis pod, and by every pod of the API. */
async function accepted({ database, "internal-token": token }: Passwords, users: Record<RedisUser, string>) {
  const api = await podsOf("api");
  const url = `postgres://breakwater:${database}@database:5432/breakwater`;
  const check = `Object.assign(process.env,{DATABASE_URL:"${url}",DATABASE_PASSWORD_FILE:""});require("/app/set-database-password.js")`;
  const login = await kubectl`kubectl exec ${api[0]?.name} -n ${namespace} -- node -e ${check}`;
  const script = redisUsers
    .map((user) => `REDISCLI_AUTH=${users[user]} redis-cli --user ${user} ping`)
    .join(";");
  const pings = await Promise.all(
    (await podsOf("redis")).map(
      ({ name }) => kubectl`kubectl exec ${name} -n ${namespace} -c redis -- sh -c ${script}`,
    ),
  );
  const request = `fetch("http://127.0.0.1:9000/internal/stats",{headers:{authorization:"Bearer ${token}"}}).then(({status})=>console.log(status))`;
  const statuses = await Promise.all(
    api.map(({ name }) => kubectl`kubectl exec ${name} -n ${namespace} -- node -e ${request}`),
  );
  return {
    database: login.exitCode === 0,
    redis: pings.map(({ stdout }) => [...stdout.matchAll(/^PONG$/gm)].length),
    "internal-token": statuses.map(({ stdout }) => stdout.trim() === "200"),
  };
}

/** The kubelet updates the files of a Secret within about a minute, and at once when the pod changes. */
async function updateFiles(): Promise<void> {
  await kubectl`kubectl annotate pods -l app.kubernetes.io/name=api -n ${namespace} --overwrite updated=${Date.now()}`;
}

const onNone = { database: false, redis: [0, 0, 0], "internal-token": [false, false] };
const everyUser = redisUsers.length;
const onAll = { database: true, redis: [everyUser, everyUser, everyUser], "internal-token": [true, true] };

test("a rotation of all passwords, killed and run again, loses no request, and ends with the new ones only", async (t) => {
  const old = await passwordsInUse();
  const oldUsers = await usersOfRedis();
  assert.deepEqual(await accepted(old, oldUsers), onAll);
  const [databaseBefore] = await podsOf("database");
  const podsBefore = (await podsOf("api")).map(({ uid }) => uid);
  for (const option of ["database.passwordVersion", "redis.passwordVersion", "api.internalTokenVersion"])
    await configure(option, "2");

  const load = new LightLoad((await outputs()).endpoint);
  t.after(() => load.stop());
  const killed = spawn(
    "pulumi",
    ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", stackName],
    {
      cwd: projectRoot,
      stdio: "ignore",
    },
  );
  const ended = once(killed, "exit");
  try {
    await until("a new pod of the API", async () =>
      (await podsOf("api")).some(({ uid }) => !podsBefore.includes(uid)),
    );
  } finally {
    killed.kill("SIGKILL");
    await ended;
  }
  assert.deepEqual(await passwordsInUse(), old);
  await unlock();
  await up();
  await sleep(2_000);
  assert.deepEqual(await load.stop(), []);

  const now = await passwordsInUse();
  for (const key of ["database", "redis-admin", "internal-token"] as const)
    assert.notEqual(now[key], old[key]);
  const { stdout } = await $({
    quiet: true,
  })`pulumi stack output internalToken --show-secrets --stack ${stackName}`;
  assert.equal(stdout.trim(), now["internal-token"]);
  await updateFiles();
  assert.deepEqual(await accepted(now, await usersOfRedis()), onAll);
  await until("the API to refuse the old token", async () =>
    (await accepted(old, oldUsers))["internal-token"].every((isAccepted) => !isAccepted),
  );
  assert.deepEqual(await accepted(old, oldUsers), onNone);
  const state = await $({ quiet: true, cwd: projectRoot })`pulumi stack export --stack ${stackName}`;
  for (const [user, password] of Object.entries(await usersOfRedis()))
    assert.ok(!state.stdout.includes(password), `the state has no password of ${user} in clear`);
  assert.equal((await podsOf("database"))[0]?.uid, databaseBefore?.uid, "the database was not restarted");
  await up("--expect-no-changes");
});

test(
  "pulumi up --replace of the database's password loses no request, and the database keeps it after a restart",
  inLongForm,
  async (t) => {
    const old = await passwordsInUse();
    const load = new LightLoad((await outputs()).endpoint);
    t.after(() => load.stop());
    const { stdout } = await $({ quiet: true, cwd: projectRoot })`pulumi stack export --stack ${stackName}`;
    const { deployment } = JSON.parse(stdout) as { deployment: { resources: { urn: string }[] } };
    const urn = deployment.resources.find(({ urn }) => /Stash::database-password-2$/.test(urn))?.urn ?? "";
    await up("--replace", urn);
    assert.deepEqual(await load.stop(), []);
    const now = await passwordsInUse();
    const users = await usersOfRedis();
    assert.notEqual(now.database, old.database);
    await kubectl`kubectl delete pod database-0 -n ${namespace}`;
    await until("the database", async () => (await podsOf("database")).some(({ ready }) => ready));
    assert.equal((await accepted(now, users)).database, true);
    assert.equal((await accepted({ ...now, database: old.database }, users)).database, false);
  },
);

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { TestRedisCluster } from "../app/testing/redis-cluster.ts";
import { type RedisUser, redisUsers } from "../contract/redis-users.ts";
import { admitUsers, settleUsers, type UsersOptions } from "../redis/admission.ts";
import type { Credentials } from "../redis/cluster-node.ts";
import { parseRedisUsers, renderRedisUsers } from "../redis/redis-users.ts";
import { askAs } from "../redis/testing/real-servers.ts";

/** Users of a version, each with a password of its own. */
function usersOf(version: string) {
  const passwords = Object.fromEntries(redisUsers.map((user) => [user, `${version}-${user}`]));
  return {
    users: parseRedisUsers(renderRedisUsers("redis", passwords as Record<RedisUser, string>)),
    replicaPassword: `${version}-replica`,
    login: { username: "admin", password: `${version}-admin` },
    clients: redisUsers.map((username) => ({ username, password: `${version}-${username}` })),
  };
}

const [first, second] = [usersOf("first"), usersOf("second")];
const byDefault = { username: "default", password: "old" };

/** A cluster whose nodes know only `default`, as those of earlier versions. */
async function start(t: TestContext) {
  const cluster = await TestRedisCluster.start({ password: byDefault.password, replicas: 1 });
  t.after(() => cluster.stop());
  const nodes = cluster.nodes.map((node) => node.address);
  const lines: string[] = [];
  const optionsOf = ({ users, replicaPassword }: typeof first, ...logins: Credentials[]): UsersOptions => ({
    nodes,
    users,
    replicaPassword,
    logins,
    timeoutMs: 3000,
    log: (line) => void lines.push(line),
  });
  const acceptedBy = async (logins: readonly Credentials[]) => {
    const replies = new Set<string>();
    for (const login of logins)
      for (const node of nodes) {
        const reply = await askAs(login, node, "PING").catch(({ message }: Error) => message);
        replies.add(reply.startsWith("WRONGPASS") ? "refused" : reply);
      }
    return [...replies];
  };
  const login = async (user: Credentials, ...names: string[]) =>
    Promise.all(nodes.map((node) => askAs(user, node, "CONFIG", "GET", ...names)));
  return { cluster, nodes, lines, optionsOf, acceptedBy, login };
}

test("nodes of an earlier version get users beside `default`, and then only those", async (t) => {
  const { nodes, lines, optionsOf, acceptedBy, login } = await start(t);
  // Without a login, nothing changes.
  assert.equal(await admitUsers(optionsOf(first, first.login)), 0);
  assert.match(lines[0] ?? "", /does not accept the new passwords until its pod is replaced: WRONGPASS/);
  // One node is missing: the others get the users, but replicas go on as before.
  const missing = { host: "no-such-host.invalid", port: 6379 };
  const partly = optionsOf(first, first.login, byDefault);
  assert.equal(await admitUsers({ ...partly, nodes: [...nodes, missing] }), nodes.length);
  assert.deepEqual(
    await login(byDefault, "masteruser"),
    nodes.map(() => "masteruser,"),
  );
  assert.equal(await admitUsers(optionsOf(first, first.login, byDefault)), nodes.length);
  assert.deepEqual(
    await login(byDefault, "masterauth"),
    nodes.map(() => "masterauth,first-replica"),
  );
  assert.deepEqual(
    await login(byDefault, "masteruser"),
    nodes.map(() => "masteruser,replica"),
  );
  assert.deepEqual(await acceptedBy([...first.clients, byDefault]), ["PONG"]);

  await settleUsers(optionsOf(first, first.login));
  assert.deepEqual(await acceptedBy(first.clients), ["PONG"]);
  assert.deepEqual(await acceptedBy([byDefault]), ["refused"]);
  // Run again after an interruption.
  await settleUsers(optionsOf(first, first.login, byDefault));
});

test("a rotation lets all users in with both passwords, keeps connections, and ends with the new ones", async (t) => {
  const { optionsOf, acceptedBy, cluster } = await start(t);
  await admitUsers(optionsOf(first, byDefault));
  await settleUsers(optionsOf(first, first.login));
  assert.equal(await admitUsers(optionsOf(second, first.login, second.login)), cluster.nodes.length);
  assert.deepEqual(await acceptedBy([...first.clients, ...second.clients]), ["PONG"]);
  // Run again, when the first password is not known.
  assert.equal(await admitUsers(optionsOf(second, second.login)), cluster.nodes.length);
  await settleUsers(optionsOf(second, first.login, second.login));
  assert.deepEqual(await acceptedBy(second.clients), ["PONG"]);
  assert.deepEqual(await acceptedBy(first.clients), ["refused"]);
});

test("settleUsers names the nodes that it could not reach", async (t) => {
  const { optionsOf, nodes } = await start(t);
  await admitUsers(optionsOf(first, byDefault));
  const missing = { host: "no-such-host.invalid", port: 6379 };
  await assert.rejects(settleUsers({ ...optionsOf(first, first.login), nodes: [...nodes, missing] }), {
    message: /^nodes may still accept passwords that are no longer in use: no-such-host\.invalid:6379: /,
  });
});

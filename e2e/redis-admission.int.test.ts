import assert from "node:assert/strict";
import { test } from "node:test";
import { TestRedisCluster } from "../app/testing/redis-cluster.ts";
import { admitPassword } from "../redis/admission.ts";
import { NodeConnection } from "../redis/node-connection.ts";

const username = "default";

test("admitPassword lets all nodes accept both passwords, and replicas use the new one", async (t) => {
  const cluster = await TestRedisCluster.start({ password: "first", replicas: 1 });
  t.after(() => cluster.stop());
  const nodes = cluster.nodes.map((node) => node.address);
  const admit = (password: string, otherPassword?: string, extra: typeof nodes = []) => {
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    return admitPassword({
      nodes: [...nodes, ...extra],
      username,
      password,
      otherPassword,
      timeoutMs: 3000,
      log,
    }).then((count) => ({ count, lines }));
  };
  const acceptedBy = async (password: string) => {
    const replies = await Promise.allSettled(
      nodes.map(async (address) => {
        const connection = new NodeConnection(address, { username, password });
        try {
          return await connection.send("CONFIG", "GET", "masterauth");
        } finally {
          connection.close();
        }
      }),
    );
    return replies.map((reply) => (reply.status === "fulfilled" ? reply.value : "refused"));
  };

  const unknown = await admit("second");
  assert.equal(unknown.count, 0);
  assert.match(
    unknown.lines[0] ?? "",
    /does not accept the new password until its pod is replaced: WRONGPASS/,
  );
  const partly = await admit("second", "first", [{ host: "no-such-host.invalid", port: 6379 }]);
  assert.equal(partly.count, nodes.length);
  assert.deepEqual(
    await acceptedBy("second"),
    nodes.map(() => "masterauth,first"),
  );

  assert.equal((await admit("second", "first")).count, nodes.length);
  assert.deepEqual(
    await acceptedBy("first"),
    nodes.map(() => "masterauth,second"),
  );
  assert.deepEqual(
    await acceptedBy("second"),
    nodes.map(() => "masterauth,second"),
  );
  // Run again after an interruption, when the first password may be unknown.
  assert.equal((await admit("second")).count, nodes.length);
  assert.deepEqual(
    await acceptedBy("third"),
    nodes.map(() => "refused"),
  );
});

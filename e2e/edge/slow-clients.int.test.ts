import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { NginxSettings } from "../../nginx/settings.ts";
import { debianCommand } from "./debian-program.ts";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { requestText } from "./raw-http.ts";

const slowHttpTest = {
  name: "slowhttptest",
  suite: "forky",
  packages: ["slowhttptest"],
  path: "usr/bin/slowhttptest",
} as const;
const slowClients = 300;

let pod: EchoPod;
before(async () => {
  pod = await EchoPod.start();
  await debianCommand(slowHttpTest);
});
after(() => pod?.stop());

/** Number of connections to a port of this machine that are open. */
function connectionsTo(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const isOpen = (line: string): boolean => {
    const [, address = "", , state] = line.trim().split(/\s+/);
    return address.endsWith(local) && state === "01";
  };
  return readFileSync("/proc/net/tcp", "utf8").split("\n").filter(isOpen).length;
}

/** Runs `body` while slow clients hold so many connections to a gateway. */
async function underAttack(
  { mode, path, held }: { mode: "-H" | "-B"; path: string; held: number },
  changes: Partial<NginxSettings>,
  body: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const gateway = await Gateway.start(gatewaySettings(pod.port, changes));
  let attacker: ChildProcess | undefined;
  try {
    await gateway.until("GET /healthz/started HTTP/1.1", ({ status }) => status === 200);
    const [program, ...args] = await debianCommand(slowHttpTest);
    const url = `http://127.0.0.1:${gateway.port}${path}`;
    const pace = ["-c", String(slowClients), "-r", String(slowClients), "-i", "1", "-x", "8", "-l", "120"];
    attacker = spawn(program, [...args, mode, ...pace, "-s", "100000", "-u", url], {
      stdio: "ignore",
    });
    for (let waits = 0; connectionsTo(gateway.port) < held && waits < 300; waits++) await sleep(100);
    assert.ok(connectionsTo(gateway.port) >= held, "the slow clients have no connections");
    await body(gateway);
  } finally {
    if (attacker !== undefined && attacker.exitCode === null) {
      attacker.kill("SIGKILL");
      await once(attacker, "exit");
    }
    await gateway.stop();
  }
}

for (const [what, mode, path] of [
  ["headers", "-H", "/api/light"],
  ["bodies", "-B", "/api/users/1"],
  ["uploads", "-B", "/api/upload"],
] as const)
  test(`other clients get their responses while ${slowClients} clients send slow ${what}`, () =>
    underAttack({ mode, path, held: slowClients }, {}, async (gateway) => {
      const put = requestText("PUT /api/users/2 HTTP/1.1", ["Content-Length: 20000"]) + "x".repeat(20_000);
      const statuses: number[] = [];
      for (let sent = 0; sent < 50; sent++) {
        const responses = [gateway.request("GET /api/light HTTP/1.1"), gateway.send(put)];
        for (const { status } of await Promise.all(responses)) statuses.push(status);
      }
      assert.deepEqual(statuses, Array(100).fill(200));
      assert.ok(connectionsTo(gateway.port) >= slowClients, "the slow clients have given up");
    }));

test("other clients get no response from a gateway with fewer connections than there are slow clients", () =>
  underAttack(
    { mode: "-H", path: "/api/light", held: 100 },
    { workerConnections: 128, keepalive: 8 },
    async (gateway) => {
      // The last connections are taken one by one.
      await gateway.until("GET /api/light HTTP/1.1", ({ status }) => status === 0);
    },
  ));

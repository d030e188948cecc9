import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buildTestApi } from "../../../testing/api.ts";
import { form } from "../../../testing/form.ts";
import { UploadStore } from "../uploads/upload-store.ts";
import { closeWhenIdle, closeWithResponses } from "./connection-drain.ts";
import { shutDown } from "./shutdown.ts";

const light = "GET /light HTTP/1.1\r\nHost: here\r\n\r\n";

/** The API on a port, with keep-alive connections and a way to shut it down. */
async function open(t: TestContext, { delayMs = 150, timeoutMs = 5_000 } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "drain-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const stats = { active: 0, files: 0, bytes: 0, failed: 0 };
  const uploads = { store: new UploadStore(dir), stats, maxBytes: 100_000, maxFiles: 1 };
  const { app, listen } = buildTestApi(t, { uploads });
  const port = await listen();
  const order: string[] = [];
  const leave = () =>
    shutDown(
      {
        health: { drain: () => order.push("not ready") },
        closeConnectionsWithResponses: () => closeWithResponses(app.server),
        closeServer: () => {
          order.push("not listening");
          return closeWhenIdle(app.server, () => app.close());
        },
        cutConnections: () => {
          order.push("cut");
          app.server.closeAllConnections();
        },
        closeRest: async () => void order.push("rest"),
        log: { info: () => undefined, error: () => undefined },
        delayMs,
        timeoutMs,
      },
      "SIGTERM",
    );
  const openSocket = async () => {
    const socket = connect(port, "127.0.0.1");
    t.after(() => socket.destroy());
    socket.setEncoding("utf8").on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  };
  return { leave, order, openSocket, dir, stats };
}

async function responseTo(socket: Socket, bytes: string): Promise<string> {
  socket.write(bytes);
  return String((await once(socket, "data"))[0]);
}

const { contentType, body } = form({ content: "x".repeat(50_000) });
const upload = `POST /upload HTTP/1.1\r\nHost: here\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n`;

test("shutDown serves requests during the delay, and closes each connection with its response or when idle", async (t) => {
  const { leave, order, openSocket } = await open(t);
  const [busy, idle] = [await openSocket(), await openSocket()];
  assert.match(await responseTo(busy, light), /Connection: keep-alive/i);
  await responseTo(idle, light);
  const idleClosed = once(idle, "close").then(() => order.push("idle closed"));
  const left = leave();
  assert.match(await responseTo(busy, light), /200 OK.*Connection: close/is);
  assert.match(await responseTo(await openSocket(), light), /200 OK.*Connection: close/is);
  assert.deepEqual(order, ["not ready"]);
  assert.equal(await left, 0);
  await idleClosed;
  assert.deepEqual(order.slice(0, 2), ["not ready", "not listening"]);
  assert.ok(order.includes("idle closed") && !order.includes("cut"));
});

test("shutDown completes a running upload", async (t) => {
  const { leave, order, openSocket, dir, stats } = await open(t, { timeoutMs: 20_000 });
  const socket = await openSocket();
  socket.write(upload + body.slice(0, 20_000));
  while (stats.active === 0) await sleep(10);
  const left = leave();
  while (order.length < 2) await sleep(10);
  assert.match(await responseTo(socket, body.slice(20_000)), /200 OK/);
  assert.equal(await left, 0);
  assert.deepEqual(order, ["not ready", "not listening", "rest"]);
  assert.equal(readdirSync(dir).length, 1);
});

test("shutDown cuts a request that does not end in time, and leaves no files", async (t) => {
  const { leave, order, openSocket, dir, stats } = await open(t, { timeoutMs: 200 });
  const socket = await openSocket();
  socket.write(upload + body.slice(0, 20_000));
  while (stats.active === 0) await sleep(10);
  const cut = once(socket, "close");
  assert.equal(await leave(), 1);
  await cut;
  assert.deepEqual(order, ["not ready", "not listening", "cut", "rest"]);
  while (stats.active > 0) await sleep(10);
  assert.deepEqual(readdirSync(dir), []);
});

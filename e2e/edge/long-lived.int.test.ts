import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EchoPod } from "./echo-pod.ts";
import { Gateway, gatewaySettings } from "./gateway.ts";
import { requestText } from "./raw-http.ts";

let pod: EchoPod;
before(async () => {
  pod = await EchoPod.start("0.0.0.0");
  // After the handshake each side of a real WebSocket sends bytes that a gateway does not read.
  pod.onUpgrade(({ url, headers }, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${headers.upgrade}\r\nConnection: Upgrade\r\nX-Url: ${url}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
});
after(() => pod?.stop());

const light = "GET /api/light HTTP/1.1";
const upgrade = (protocol: string) => ["Connection: Upgrade", `Upgrade: ${protocol}`];

async function withGateway(
  changes: Parameters<typeof gatewaySettings>[1],
  body: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const gateway = await Gateway.start(gatewaySettings(pod.port, changes));
  try {
    await gateway.until(light, ({ status }) => status === 200);
    await body(gateway);
  } finally {
    pod.handle = () => false;
    await gateway.stop();
  }
}

/** A client that keeps what it received. */
class Client {
  text = "";
  isClosed = false;
  readonly socket: Socket;

  constructor(gateway: Gateway, line: string, headers: readonly string[] = []) {
    this.socket = connect({ port: gateway.port, host: "127.0.0.1" });
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk) => {
      this.text += chunk.toString("latin1");
    });
    this.socket.on("close", () => {
      this.isClosed = true;
    });
    this.socket.write(requestText(line, headers).replace("Connection: close\r\n", ""));
  }

  /** Waits for a text. @throws {Error} when it does not come. */
  async receives(text: string, limitMs = 5000): Promise<void> {
    for (const start = Date.now(); !this.text.includes(text); await sleep(10))
      if (this.isClosed || Date.now() - start > limitMs) throw new Error(`no ${text} in ${this.text}`);
  }

  async echoes(text: string): Promise<void> {
    this.socket.write(text);
    await this.receives(text);
  }
}

async function openWebSocket(gateway: Gateway, path = "/api/socket%2F1?a=%2F"): Promise<Client> {
  const client = new Client(gateway, `GET ${path} HTTP/1.1`, upgrade("WebSocket"));
  await client.receives("101 Switching Protocols");
  assert.match(client.text, /^Upgrade: websocket/im);
  return client;
}

test("a WebSocket gets its address as it was sent, and may be silent for longer than a request", () =>
  withGateway({ timeout: 200, webSocketTimeout: 60_000 }, async (gateway) => {
    const client = await openWebSocket(gateway);
    assert.match(client.text, /X-Url: \/socket%2F1\?a=%2F/);
    await client.echoes("first");
    await sleep(1000);
    await client.echoes("second");
    client.socket.destroy();
  }));

test("a WebSocket ends when both sides are silent for longer than its time-out", () =>
  withGateway({ webSocketTimeout: 1000 }, async (gateway) => {
    const client = await openWebSocket(gateway);
    await once(client.socket, "close", { signal: AbortSignal.timeout(20_000) });
  }));

test("a WebSocket on a stream path, and outside of the API", () =>
  withGateway({ timeout: 200, streamPaths: ["/api/socket"], streamTimeout: 300 }, async (gateway) => {
    const client = await openWebSocket(gateway);
    await sleep(800);
    await client.echoes("text");
    client.socket.destroy();
    assert.equal((await gateway.request("GET /x HTTP/1.1", "Upgrade: websocket")).status, 404);
    assert.equal((await gateway.request("GET /.edge/websocket HTTP/1.1")).status, 404);
  }));

test("no other protocol than a WebSocket reaches a pod", () =>
  withGateway({}, async (gateway) => {
    for (const protocol of ["h2c", "TLS/1.0", "websocket, h2c"]) {
      const client = new Client(gateway, light, [
        ...upgrade(protocol),
        "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
      ]);
      await client.receives("HTTP/1.1 200 OK");
      client.socket.destroy();
      assert.equal(pod.received.at(-1)?.headers.upgrade, undefined);
    }
  }));

test("a WebSocket that no pod accepts gets a 503 in the API's form", async () => {
  const addresses = Array.from({ length: 9 }, (_, index) => `127.1.0.${index}`);
  const gateway = await Gateway.start(gatewaySettings(1, { maxFails: 0 }), addresses);
  try {
    await gateway.until(light, ({ status }) => status === 503);
    const response = await gateway.request("GET /api/socket HTTP/1.1", "Upgrade: websocket");
    assert.equal(response.status, 503);
    assert.deepEqual(Object.keys(JSON.parse(response.body)), ["error", "message", "requestId"]);
  } finally {
    await gateway.stop();
  }
});

test("a stopping gateway serves its WebSockets until they end, and then ends itself", () =>
  withGateway({ timeout: 200, drain: 60_000 }, async (gateway) => {
    const client = await openWebSocket(gateway);
    const drained = gateway.drain();
    for (let text = 0; text < 10; text++) {
      await sleep(100);
      await client.echoes(`text ${text}`);
    }
    client.socket.destroy();
    await drained;
  }));

test("a stopping gateway ends WebSockets after nginx.drain, which is nginx.timeout by default", async () => {
  for (const changes of [{ timeout: 1000 }, { timeout: 200, drain: 1000 }])
    await withGateway(changes, async (gateway) => {
      const client = await openWebSocket(gateway);
      const ms = await gateway.drain();
      assert.ok(ms >= 1000 && ms < 20_000, `${ms} ms`);
      if (!client.isClosed) await once(client.socket, "close");
    });
});

/** Makes the pod send an event, and another one whenever it is asked to. */
function sendEvents(headers: Record<string, string> = {}): () => void {
  let next = (): void => {};
  pod.handle = (_, response) => {
    // Nginx collects a response with a length. It passes on chunks at once as long as the client keeps up.
    response.writeHead(200, { "content-type": "text/event-stream", "content-length": 10_000, ...headers });
    response.write("data: 1\n\n");
    let events = 1;
    next = () => response.write(`data: ${++events}\n\n`);
    return true;
  };
  return () => next();
}

for (const [what, changes, path, headers] of [
  ["of a stream path", { streamPaths: ["/api/events"] }, "/api/events/7?x", {}],
  ["of a pod that asks for it", {}, "/api/other", { "x-accel-buffering": "no" }],
] as const)
  test(`each part of a response ${what} reaches the client when the pod sends it`, () =>
    withGateway(
      { ...changes, streamPaths: [...("streamPaths" in changes ? changes.streamPaths : [])] },
      async (gateway) => {
        const sendNext = sendEvents(headers);
        const client = new Client(gateway, `GET ${path} HTTP/1.1`);
        for (let event = 1; event <= 3; event++) {
          await client.receives(`data: ${event}`);
          sendNext();
        }
        client.socket.destroy();
      },
    ));

test("a response of a stream path may pause for longer than other responses, up to its own time-out", () =>
  withGateway(
    { timeout: 200, streamPaths: ["/api/events", "/api/v2/events"], streamTimeout: 60_000 },
    async (gateway) => {
      for (const [path, isStream] of [
        ["/api/events", true],
        ["/api/v2/events", true],
        ["/api/other", false],
      ] as const) {
        const sendNext = sendEvents();
        const client = new Client(gateway, `GET ${path} HTTP/1.1`);
        await client.receives("200 OK");
        await sleep(800);
        sendNext();
        if (isStream) await client.receives("data: 2");
        else await assert.rejects(client.receives("data: 2", 1000));
        client.socket.destroy();
      }
    },
  ));

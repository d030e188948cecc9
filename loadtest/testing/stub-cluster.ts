import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import type { ClusterApi } from "../../host/cluster-api.ts";
import { openCluster } from "../../host/open-cluster.ts";
import { StubServer } from "./stub-server.ts";

/** A request to the stub cluster. */
export interface StubRequest {
  method: string;
  path: string;
  contentType: string | undefined;
  body: string;
}

/** Response to a request: a status and an optional body; undefined closes the connection without a response. */
export type StubAnswer = { status: number; body?: object } | undefined;

/** Result of a command: its output or its error; undefined closes the connection before the command ends. */
export type StubExec = { output: string } | { error: string } | undefined;

/** An API server on 127.0.0.1 with the responses of a test, over HTTP and, for exec, WebSocket. */
export class StubCluster {
  readonly api: ClusterApi;
  readonly requests: StubRequest[];
  readonly #stub: StubServer;
  readonly kubeconfig: string;

  private constructor(stub: StubServer, kubeconfig: string, requests: StubRequest[], api: ClusterApi) {
    this.#stub = stub;
    this.kubeconfig = kubeconfig;
    this.requests = requests;
    this.api = api;
  }

  static async start(
    answer: (request: StubRequest) => StubAnswer,
    exec: (path: string, command: string[]) => StubExec = () => undefined,
  ): Promise<StubCluster> {
    const requests: StubRequest[] = [];
    const stub = await StubServer.start(async (incoming, response) => {
      let body = "";
      for await (const part of incoming.setEncoding("utf8")) body += part;
      const { method = "", url: path = "", headers } = incoming;
      const request = { method, path, contentType: headers["content-type"], body };
      requests.push(request);
      const given = answer(request);
      if (!given) incoming.socket.destroy();
      else response.writeHead(given.status).end(JSON.stringify(given.body ?? {}));
    });
    stub.server.on("upgrade", (request, socket) => {
      const url = new URL(request.url ?? "", "http://stub");
      speakExec(socket, request.headers["sec-websocket-key"] ?? "", () =>
        exec(url.pathname, url.searchParams.getAll("command")),
      );
    });
    const folder = await mkdtemp(join(tmpdir(), "stub-cluster-"));
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(stub.endpoint)));
    return new StubCluster(stub, kubeconfig, requests, openCluster(kubeconfig, "stub"));
  }

  /** Address of the API server. */
  get server(): string {
    return this.#stub.endpoint;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.api.close();
    await this.#stub[Symbol.asyncDispose]();
    await rm(dirname(this.kubeconfig), { recursive: true });
  }
}

function kubeconfigOf(server: string): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "stub", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "stub", user: {} }],
    contexts: [{ name: "stub", context: { cluster: "stub", user: "stub" } }],
  };
}

/** The part of WebSocket that an exec needs: accept, a frame of output, a frame with the status, close. */
function speakExec(socket: Duplex, key: string, run: () => StubExec): void {
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  lines.push(`Sec-WebSocket-Accept: ${accept}`, "Sec-WebSocket-Protocol: v5.channel.k8s.io", "", "");
  socket.on("error", () => {}).resume();
  socket.write(lines.join("\r\n"));
  const send = (channel: number, text: string) => {
    const data = Buffer.from(text);
    socket.write(Buffer.concat([Buffer.from([0x82, data.length + 1, channel]), data]));
  };
  const outcome = run();
  if (outcome) {
    const good = "output" in outcome;
    if (good) send(1, outcome.output);
    else send(2, outcome.error);
    send(3, JSON.stringify({ status: good ? "Success" : "Failure", message: "exit code 1" }));
  }
  socket.end();
}

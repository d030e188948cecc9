import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { podHeader, type ReadRequest } from "./recording-pod.ts";

/** A pod with the parser of Node.js, with which the API reads requests. It keeps what it received. */
export class NodePod {
  readonly requests: ReadRequest[] = [];
  /** Requests that the parser refused. */
  readonly faults: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const { method = "", url: target = "" } = request;
      const read: ReadRequest = { method, target, headers: [], body: "" };
      this.requests.push(read);
      try {
        for await (const chunk of request) read.body += (chunk as Buffer).toString("latin1");
      } catch {
        return;
      }
      const text = `${method} ${target}`;
      response.writeHead(200, { [podHeader]: "1", "content-length": text.length }).end(text, "latin1");
    });
    this.#server.on("clientError", ({ message }, socket) => {
      if (socket.writable) {
        this.faults.push(message);
        socket.end(
          `HTTP/1.1 400 Bad Request\r\n${podHeader}: refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
        );
      }
    });
  }

  static async start(): Promise<NodePod> {
    const pod = new NodePod();
    pod.#server.listen(0, "127.0.0.1");
    await once(pod.#server, "listening");
    return pod;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** What a pod received. */
export interface Echo {
  method: string;
  /** Path and query as they were sent. */
  url: string;
  headers: Record<string, string | undefined>;
  /** Bytes of the body. */
  length: number;
}

/** A pod that responds with what it received, and keeps all of it. */
export class EchoPod {
  readonly received: Echo[] = [];
  /** Handles a request instead of the echo, when it returns true. */
  handle: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#respond(request, response));
  }

  /** @param port 0 for a free port. */
  static async start(address = "127.0.0.1", port = 0): Promise<EchoPod> {
    const pod = new EchoPod();
    pod.#server.listen(port, address);
    await once(pod.#server, "listening");
    return pod;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Handles every request for another protocol; without this they are handled like any other. */
  onUpgrade(handle: (request: IncomingMessage, socket: Duplex) => void): void {
    this.#server.on("upgrade", (request, socket) => {
      socket.on("error", () => socket.destroy());
      handle(request, socket);
    });
  }

  /**
   * Ends connections that are idle for a time, as the API does.
   *
   * @param onEnd is called at the end of each connection with whether the other side has ended it first.
   */
  endIdle(milliseconds: number, onEnd: (isByOther: boolean) => void): void {
    this.#server.keepAliveTimeout = milliseconds;
    // Node.js adds a second of its own by default.
    this.#server.keepAliveTimeoutBuffer = 0;
    this.#server.on("connection", (socket) => {
      let isByOther = false;
      socket.on("end", () => {
        isByOther = true;
      });
      socket.on("close", () => onEnd(isByOther));
    });
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const echo: Echo = { method, url, headers: { ...request.headers } as Echo["headers"], length: 0 };
    this.received.push(echo);
    if (this.handle(request, response)) return;
    try {
      for await (const chunk of request) echo.length += (chunk as Buffer).length;
    } catch {
      return;
    }
    const id = request.headers["x-request-id"];
    const text = JSON.stringify(echo);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    response.writeHead(200, { ...headers, ...(id && { "x-request-id": id }) }).end(text);
  }
}

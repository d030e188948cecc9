import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers the n-th request (from 1). */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, n: number) => void;

/** An HTTP server on 127.0.0.1 that does exactly what a test says, so that the generator's figures can be checked. */
export class StubServer {
  readonly #server: Server;
  readonly endpoint: string;

  private constructor(server: Server, endpoint: string) {
    this.#server = server;
    this.endpoint = endpoint;
  }

  static async start(behave: Behaviour): Promise<StubServer> {
    let n = 0;
    const server = createServer((request, response) => {
      request.resume();
      behave(request, response, ++n);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new StubServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** What the stack's API answers to the scenarios' requests. */
export function answerLikeTheApi(request: IncomingMessage, response: ServerResponse): void {
  const id = /^\/api\/users\/(\d+)$/.exec(request.url ?? "")?.[1];
  const body = id ? { id: Number(id), name: `User ${id}`, email: "user@example.com" } : { ok: true };
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}

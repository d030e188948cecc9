import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { userBody } from "../load/users.ts";

/** Responds to the n-th request (from 1). */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, n: number) => void;

/** An HTTP server on 127.0.0.1 with the behaviour of a test, to check what the generator measures. */
export class StubServer {
  readonly server: Server;
  readonly endpoint: string;

  private constructor(server: Server, endpoint: string) {
    this.server = server;
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
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Responds to the scenarios' requests like the stack's API. Every user has the newest content. */
export function answerLikeTheApi(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("content-type", "application/json");
  const id = Number(/^\/api\/users\/(\d+)$/.exec(request.url ?? "")?.[1]);
  if (request.url?.startsWith("/api/heavy-task")) response.end('{"n":27,"fibonacci":196418}');
  else if (Number.isNaN(id)) response.end('{"ok":true}');
  else if (request.method === "GET") response.end(userText(id, userBody(id, newest)));
  else {
    let body = "";
    request.on("data", (part) => (body += part)).on("end", () => response.end(userText(id, body)));
  }
}

/** A version that no read is older than. */
const newest = 9_000_000_000_000_000;

function userText(id: number, body: string): string {
  return `{"id":${id},${body.slice(1)}`;
}

import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A request of the load, for the script. */
export interface Moment {
  /** Turn of the load generator, from 1; 0: seeding and other requests before the load. */
  turn: number;
  /** Number of the request in its turn, from 1. */
  nth: number;
  /** Time since the first request of the turn. */
  ageMs: number;
  method: string;
}

/** What the server does with one request. */
export interface Action {
  /** Time until the response. Default: `usualDelayMs`. */
  delayMs?: number;
  /** Default: 200. */
  status?: number;
  /** `wrong`: another body with status 200. `lost`: the write is acknowledged and not stored. */
  content?: "wrong" | "lost";
  /** No response at all. */
  never?: true;
  /** The response announces the close of its connection, which is closed this much later. */
  closeAfterMs?: number;
}

/** Decides about each request of the load. It may have a state of its own. */
export type Script = (moment: Moment) => Action;

/**
 * Delay of a good response. It is far longer than the delays of a generator on a busy machine, so that these do not make
 * a run invalid.
 */
export const usualDelayMs = 200;

/** A server with the API's routes whose misbehaviour is scripted. */
export class ScriptedServer {
  readonly endpoint: string;
  readonly port: number;
  readonly #server: Server;
  readonly #users = new Map<string, { name: string; email: string }>();
  readonly #turns = new Map<string, { turn: number; sinceMs: number; requests: number }>();
  #script: Script = () => ({});

  private constructor(server: Server, scheme: "http" | "https") {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.endpoint = `${scheme}://127.0.0.1:${this.port}`;
    server.on("request", (request, response) => void this.#respond(request, response).catch(() => {}));
  }

  /** @param tls key and certificate; undefined: plain HTTP */
  static async start(tls?: ServerOptions): Promise<ScriptedServer> {
    const server = tls ? createHttpsServer(tls) : createHttpServer();
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new ScriptedServer(server as Server, tls ? "https" : "http");
  }

  /** Begins another run: turns count from 1 again. */
  play(script: Script): void {
    this.#script = script;
    this.#turns.clear();
  }

  /** Creates or replaces a row, as another client would. */
  putRow(id: number, user: { name: string; email: string }): void {
    this.#users.set(String(id), user);
  }

  /** The stored rows by id. */
  get rows(): ReadonlyMap<string, { name: string; email: string }> {
    return this.#users;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    const moment = this.#momentOf(request);
    const action = moment.turn === 0 ? { delayMs: 0 } : this.#script(moment);
    for await (const part of request.setEncoding("utf8")) body += part;
    if (action.never) return;
    await sleep(action.delayMs ?? usualDelayMs);
    const id = request.headers["x-request-id"];
    if (id !== undefined) response.setHeader("x-request-id", id);
    response.setHeader("content-type", "application/json");
    const { closeAfterMs } = action;
    if (closeAfterMs !== undefined) {
      response.setHeader("connection", "close");
      response.shouldKeepAlive = true;
    }
    if (action.status !== undefined && action.status !== 200) response.writeHead(action.status).end("{}");
    else this.#answer(request, body, action, response);
    if (closeAfterMs === undefined) return;
    await sleep(closeAfterMs);
    request.socket.end();
  }

  #answer(request: IncomingMessage, body: string, { content }: Action, response: ServerResponse): void {
    const path = (request.url ?? "").replace(/^\/api/, "");
    const id = /^\/users\/(\d+)$/.exec(path)?.[1];
    if (content === "wrong") response.end('{"other":"body"}');
    else if (path === "/light" || path === "/livez") response.end('{"ok":true}');
    else if (id === undefined) response.writeHead(404).end("{}");
    else if (request.method === "PUT") {
      const user = JSON.parse(body) as { name: string; email: string };
      if (content !== "lost") this.#users.set(id, user);
      response.end(userText(id, user));
    } else {
      const user = this.#users.get(id);
      if (user) response.end(userText(id, user));
      else response.writeHead(404).end("{}");
    }
  }

  /** Every turn has threads of its own, and they have a number in the request id. */
  #momentOf({ headers, method = "" }: IncomingMessage): Moment {
    const thread = /^load-(\d+-\d+)-\d+$/.exec(String(headers["x-request-id"]))?.[1];
    const now = performance.now();
    if (thread === undefined) return { turn: 0, nth: 0, ageMs: 0, method };
    const known = this.#turns.get(thread) ?? { turn: this.#turns.size + 1, sinceMs: now, requests: 0 };
    this.#turns.set(thread, known);
    known.requests++;
    return { turn: known.turn, nth: known.requests, ageMs: now - known.sinceMs, method };
  }
}

function userText(id: string, user: { name: string; email: string }): string {
  return JSON.stringify({ id: Number(id), ...user, updatedAt: "2026-01-01T00:00:00.000Z" });
}

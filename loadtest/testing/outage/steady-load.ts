import { Pool } from "undici";
import type { StackOutputs } from "../../../contract/outputs.ts";
import { pathPrefix } from "../../load/http-form.ts";
import { tlsOptions, trustIn } from "../../load/tls.ts";
import { newestVersion, userBody, userId } from "../../load/users.ts";
import type { Outcome } from "./judge-outage.ts";

/** Users that are read; as many further ones are written. */
export const usersOfEach = 100;
const readsPerSecond = 20;
const writesPerSecond = 5;
const timeoutMs = 10_000;

/**
 * A light load of reads and writes at even times. Written users are never read: a write invalidates its user, and a read
 * of a user that is in no cache needs the database.
 */
export class SteadyLoad {
  readonly reads: Outcome[] = [];
  readonly writes: Outcome[] = [];
  readonly #pool: Pool;
  readonly #prefix: string;
  readonly #timers: NodeJS.Timeout[];
  readonly #open = new Set<Promise<void>>();
  readonly #served = new Set<number>();

  constructor({ endpoint, tls }: Pick<StackOutputs, "endpoint" | "tls">) {
    this.#prefix = pathPrefix(endpoint);
    this.#pool = new Pool(new URL(endpoint).origin, {
      connections: 64,
      connect: { timeout: timeoutMs, ...(tls && tlsOptions(trustIn(tls))) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const every = (perSecond: number, send: (turn: number) => Promise<void>) => {
      let turn = 0;
      return setInterval(() => {
        const sent = send(turn++ % usersOfEach).finally(() => this.#open.delete(sent));
        this.#open.add(sent);
      }, 1000 / perSecond);
    };
    this.#timers = [
      every(readsPerSecond, (turn) => this.#send(this.reads, "GET", userId(1 + turn))),
      every(writesPerSecond, (turn) => this.#send(this.writes, "PUT", userId(1 + usersOfEach + turn))),
    ];
  }

  /** Whether each user that is read was served at least once, and so is in the cache. */
  get isEveryUserCached(): boolean {
    return this.#served.size === usersOfEach;
  }

  /** Sends no more, and waits for the open requests. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#open);
    await this.#pool.close();
  }

  async #send(outcomes: Outcome[], method: "GET" | "PUT", id: number): Promise<void> {
    const sentMs = Date.now();
    const outcome: Outcome = { sentMs, status: 0, detail: "" };
    outcomes.push(outcome);
    const content = { "content-type": "application/json" };
    try {
      const response = await this.#pool.request({
        method,
        path: `${this.#prefix}/api/users/${id}`,
        ...(method === "PUT" && { headers: content, body: userBody(id, newestVersion(sentMs)) }),
      });
      const body = await response.body.text();
      outcome.status = response.statusCode;
      if (method === "GET" && response.statusCode === 200) this.#served.add(id);
      outcome.detail =
        response.statusCode < 400
          ? String(response.headers["x-cache-status"] ?? "")
          : (/"message":"([^"]{0,80})/.exec(body)?.[1] ?? "");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      outcome.detail = code ?? message;
    }
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { type TlsSettings, tlsOptions } from "../../loadtest/load/tls.ts";
import { Outcomes } from "./outcomes.ts";

const timeoutMs = 40_000;

/** A request of a load. */
export interface EdgeRequest {
  method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE" | "PATCH";
  /** Path with `/api`. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** Whether the body of a response with 2xx is right. Default: every one is. */
  isRight?: (body: string) => boolean;
  /** Called once with whether the right response came, and with the response's headers. */
  settle?: (isGood: boolean, headers: Record<string, string | string[] | undefined>) => void;
}

/** Where and how a load sends its requests. */
export interface LoadSettings {
  /** URL without a path, such as `http://127.0.0.1:30080`. */
  origin: string;
  tls?: TlsSettings | undefined;
  connections: number;
  ratePerSecond: number;
  next: (turn: number) => EdgeRequest;
}

/**
 * A load at a fixed rate over kept connections, in this process; it begins at once. A request waits for its turn when all
 * connections are in use. No request is repeated.
 */
export class Load {
  readonly outcomes = new Outcomes();
  /** Time from the due time of each request with the right response to its end, in ms. */
  readonly latenciesMs: number[] = [];
  readonly #settings: LoadSettings;
  readonly #pool: Pool;
  readonly #loops: Promise<void>[];
  readonly #startMs = performance.now();
  #turns = 0;
  #isStopped = false;

  constructor(settings: LoadSettings) {
    this.#settings = settings;
    this.#pool = openPool(settings);
    this.#loops = Array.from({ length: settings.connections }, () => this.#loop());
  }

  /** Sends no more, and waits for the open requests. @returns the outcomes */
  async stop(): Promise<Outcomes> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
    await this.#pool.destroy();
    return this.outcomes;
  }

  async #loop(): Promise<void> {
    const { ratePerSecond, next } = this.#settings;
    while (!this.#isStopped) {
      const turn = this.#turns++;
      const dueMs = this.#startMs + (turn * 1000) / ratePerSecond;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      if (this.#isStopped) return;
      if (await sendOne(this.#pool, next(turn), this.outcomes))
        this.latenciesMs.push(performance.now() - dueMs);
    }
  }
}

/** Connections to a gateway. The gateway, not the client, ends those that are idle. */
export function openPool({ origin, tls, connections }: Omit<LoadSettings, "next" | "ratePerSecond">): Pool {
  return new Pool(origin, {
    connections,
    connect: { timeout: timeoutMs, ...(tls ? tlsOptions(tls) : {}) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 600_000,
    keepAliveMaxTimeout: 600_000,
  });
}

/** Sends a request and adds its outcome. @returns whether the right response came */
export async function sendOne(pool: Pool, request: EdgeRequest, outcomes: Outcomes): Promise<boolean> {
  const { method, path, headers, body, isRight, settle } = request;
  const sentMs = Date.now();
  let status = 0;
  let detail = "";
  let received: Record<string, string | string[] | undefined> = {};
  try {
    const response = await pool.request({
      method,
      path,
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
    });
    status = response.statusCode;
    received = response.headers;
    const text = await response.body.text();
    if (status >= 300) detail = messageOf(text);
    else if (isRight?.(text) === false) detail = `wrong body ${text.slice(0, 60)}`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    status = 0;
    detail = code ?? message;
  }
  const isGood = status >= 200 && status < 300 && detail === "";
  outcomes.add(method, isGood ? undefined : { sentMs, method, path, status, detail });
  settle?.(isGood, received);
  return isGood;
}

/** The message of an error in the API's JSON form; another body is marked as such. */
function messageOf(text: string): string {
  try {
    const { error, message, requestId } = JSON.parse(text) as Record<string, unknown>;
    if (typeof error === "string" && typeof message === "string" && typeof requestId === "string")
      return message;
  } catch {}
  return `${notJson}: ${text.slice(0, 60).replaceAll(/\s+/g, " ")}`;
}

/** Begins the detail of a failure whose body has not the API's form. */
export const notJson = "not the API's form";

import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../contract/user-error.ts";
import { pollUntil } from "../../host/poll.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";
import { trustIn } from "../../loadtest/load/tls.ts";
import { newestVersion, userBody, userId, versionIn } from "../../loadtest/load/users.ts";
import { KeyHistory } from "../../redis/check/key-history.ts";
import { openPool, sendOne } from "../edge/load.ts";
import { type FailedRequest, Outcomes } from "../edge/outcomes.ts";

/** Rank of the first user. The load test has at most a million users, so none of its own is written. */
const firstRank = 5_000_001;
const userCount = 50;
/** Times after an acknowledged PUT at which its user is read. */
const readAfterMs = [0, 10, 25, 50, 100, 200, 400];
const seedMs = 30_000;

/** What the load saw. */
export interface ApiLoadReport {
  sent: number;
  failed: number;
  /** Failed GETs among them. */
  failedGets: number;
  /** Kinds of failures with their counts. */
  reasons: string;
  failures: FailedRequest[];
  /** Reads that returned an older version than one that was acknowledged before they began, and their greatest age in ms. */
  stale: number;
  oldestStaleMs: number;
  /** Number of GETs that the API answered without its cache. */
  bypassed: number;
  /** From the first to the last GET that the API answered without its cache, in ms; 0 without one. */
  bypassMs: number;
}

/**
 * A light load through the gateway that reads each written user several times at once after the write: each read must have that
 * write, from whichever pod it comes.
 */
export class ApiLoad {
  readonly #pool: ReturnType<typeof openPool>;
  readonly #outcomes = new Outcomes();
  readonly #open = new Set<Promise<void>>();
  readonly #users: { id: number; history: KeyHistory }[];
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #ended: Promise<ApiLoadReport> | undefined;
  #stale = 0;
  #oldestStaleMs = 0;
  #bypass: { firstMs: number; lastMs: number; count: number } | undefined;

  constructor({ endpoint, tls }: Pick<ReachedStack, "endpoint" | "tls">) {
    this.#pool = openPool({ origin: new URL(endpoint).origin, tls: tls && trustIn(tls), connections: 64 });
    const version = newestVersion(Date.now());
    this.#users = Array.from({ length: userCount }, (_, index) => ({
      id: userId(firstRank + index),
      history: new KeyHistory(version),
    }));
  }

  /**
   * Writes each user once, and starts the load.
   *
   * @param putsPerSecond each with seven GETs
   * @throws {UserError} when a user exists with the content of another program, or cannot be written
   */
  async start(putsPerSecond: number): Promise<void> {
    const fix = "see whether npm run loadtest can run";
    for (const user of this.#users) {
      await this.#requireOwn(user.id);
      const timing = { what: `a write of user ${user.id}`, fix, timeoutMs: seedMs };
      await pollUntil(timing, () => this.#put(user, new Outcomes()));
    }
    this.#running = this.#run(putsPerSecond);
  }

  /** Sends no more, and waits for the open requests. May be called more than once. */
  stop(): Promise<ApiLoadReport> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<ApiLoadReport> {
    this.#stop.abort();
    await this.#running;
    // A PUT that ends begins further GETs.
    while (this.#open.size > 0) await Promise.all(this.#open);
    await this.#pool.destroy();
    const { sent, failed, failures, reasons } = this.#outcomes;
    return {
      sent,
      failed,
      failedGets: failures.filter(({ method }) => method === "GET").length,
      reasons,
      failures: failures.slice(0, 100),
      stale: this.#stale,
      oldestStaleMs: this.#oldestStaleMs,
      bypassed: this.#bypass?.count ?? 0,
      bypassMs: this.#bypass === undefined ? 0 : this.#bypass.lastMs - this.#bypass.firstMs,
    };
  }

  async #requireOwn(id: number): Promise<void> {
    const outcomes = new Outcomes();
    let isOwn = true;
    const isRight = (body: string) => {
      isOwn = versionIn(body, id) !== undefined;
      return true;
    };
    await sendOne(this.#pool, { method: "GET", path: `/api/users/${id}`, isRight }, outcomes);
    if (isOwn) return;
    throw new UserError(
      `the user ${id} has content that no load test wrote, and is left as it is`,
      `this command needs the ids ${userId(firstRank)} … ${userId(firstRank + userCount - 1)} for itself`,
    );
  }

  async #run(putsPerSecond: number): Promise<void> {
    const startMs = performance.now();
    for (let turn = 0; !this.#stop.signal.aborted; turn++) {
      const waitMs = startMs + (turn * 1000) / putsPerSecond - performance.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      const user = this.#users[turn % userCount];
      if (user === undefined || user.history.isBusy) continue;
      this.#begin(
        this.#put(user, this.#outcomes).then((isGood) => {
          if (isGood) for (const afterMs of readAfterMs) this.#begin(this.#get(user, afterMs));
        }),
      );
    }
  }

  #begin(operation: Promise<void>): void {
    this.#open.add(operation);
    void operation.finally(() => this.#open.delete(operation));
  }

  async #put({ id, history }: { id: number; history: KeyHistory }, outcomes: Outcomes): Promise<boolean> {
    const version = history.begin();
    return sendOne(
      this.#pool,
      {
        method: "PUT",
        path: `/api/users/${id}`,
        headers: { "content-type": "application/json" },
        body: userBody(id, version),
        isRight: (body) => versionIn(body, id) === version,
        settle: (isGood) => {
          if (isGood) history.acknowledge(version, null, performance.now());
          else history.fail(version);
        },
      },
      outcomes,
    );
  }

  async #get({ id, history }: { id: number; history: KeyHistory }, afterMs: number): Promise<void> {
    await sleep(afterMs);
    const { newest } = history;
    const beganMs = performance.now();
    const isRight = (body: string) => {
      const judgement = history.read(versionIn(body, id), newest, beganMs);
      if (judgement.kind !== "stale") return true;
      this.#stale++;
      this.#oldestStaleMs = Math.max(this.#oldestStaleMs, judgement.ageMs);
      return true;
    };
    const settle = (_: boolean, headers: Record<string, string | string[] | undefined>) => {
      if (headers["x-cache-status"] !== "BYPASS") return;
      const nowMs = performance.now();
      this.#bypass ??= { firstMs: nowMs, lastMs: nowMs, count: 0 };
      this.#bypass.lastMs = nowMs;
      this.#bypass.count++;
    };
    await sendOne(this.#pool, { method: "GET", path: `/api/users/${id}`, isRight, settle }, this.#outcomes);
  }
}

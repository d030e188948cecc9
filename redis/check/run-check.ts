import { setTimeout as sleep } from "node:timers/promises";
import type { CheckLine, LostWrite, RedisCheckReport } from "../../contract/redis-check.ts";
import { checkPrefix } from "../../contract/redis-users.ts";
import { slotCount } from "../slot-ranges.ts";
import { Ballast, type BallastSettings } from "./ballast.ts";
import { CheckError, type ClientSettings, ClusterClient } from "./cluster-client.ts";
import { ShardGaps } from "./gaps.ts";
import { type Judgement, KeyHistory } from "./key-history.ts";

/** Settings of a check. */
export interface CheckSettings extends ClientSettings {
  /** Time for which it writes. */
  durationMs: number;
  /** Writes per second, and as many reads. */
  rate: number;
  /** Number of keys that it writes again and again. */
  keys: number;
  ballast: BallastSettings | undefined;
  /** Ends the writes early: the report comes nevertheless. */
  signal: AbortSignal;
  print: (line: CheckLine) => void;
}

/** The keys of a check that was killed expire. */
export const expirySeconds = 3600;
const readyMs = 60_000;
const mostLostWrites = 200;
/** Time for which a key is read again at the end when it cannot be read. */
const finalReadMs = 30_000;

/**
 * Writes numbered keys, each with a greater number than before, and reads them at the same time and at the end. The keys are removed
 * at the end.
 *
 * @throws {CheckError} when a slot has no owner at the beginning
 */
export async function runCheck(settings: CheckSettings): Promise<RedisCheckReport> {
  const client = new ClusterClient(settings);
  try {
    await client.ready(readyMs);
    return await new Check(settings, client).run();
  } finally {
    client.close();
  }
}

interface CheckedKey {
  name: string;
  slot: number;
  history: KeyHistory;
}

class Check {
  readonly #settings: CheckSettings;
  readonly #client: ClusterClient;
  readonly #report: RedisCheckReport;
  readonly #open = new Set<Promise<void>>();
  #keys: CheckedKey[] = [];
  #gaps: ShardGaps | undefined;
  #evictedBefore = 0;

  constructor(settings: CheckSettings, client: ClusterClient) {
    this.#settings = settings;
    this.#client = client;
    this.#report = {
      startedMs: Date.now(),
      endedMs: 0,
      keys: settings.keys,
      acknowledged: 0,
      refused: {},
      reads: 0,
      failedReads: {},
      lost: 0,
      lostWrites: [],
      uncertain: 0,
      evicted: 0,
      unreadable: 0,
      stale: 0,
      oldestStaleMs: 0,
      shards: [],
      evictedKeys: 0,
      ballast: null,
    };
  }

  async run(): Promise<RedisCheckReport> {
    const { keys, ballast: wanted } = this.#settings;
    const run = `${checkPrefix}:${Date.now().toString(36)}`;
    const names = Array.from({ length: keys }, (_, index) => `${run}:${index}`);
    const slots = await this.#client.slotsOf(names);
    this.#keys = names.map((name, index) => ({ name, slot: slots[index] ?? 0, history: new KeyHistory() }));
    const ballast = wanted && new Ballast(this.#client, `${run}:ballast`, wanted);
    await ballast?.write(this.#settings.signal);
    await this.#write();
    await this.#readAll();
    const evictedKeys = this.#client.evictedKeys;
    if (ballast !== undefined) this.#report.ballast = await ballast.verify(evictedKeys);
    Object.assign(this.#report, { evictedKeys, shards: this.#gaps?.end(this.#report.endedMs) ?? [] });
    await Promise.all(
      this.#keys.map(({ name, slot }) => this.#client.send(slot, ["DEL", name]).catch(() => "")),
    );
    await ballast?.remove();
    return this.#report;
  }

  /** Sends writes and reads at even times until the time is over. */
  async #write(): Promise<void> {
    const { durationMs, rate, signal } = this.#settings;
    const startMs = Date.now();
    const owners = Array.from({ length: slotCount }, (_, slot) => this.#client.ownerOf(slot) ?? "");
    this.#gaps = new ShardGaps(owners, startMs);
    this.#report.startedMs = startMs;
    const timer = setInterval(() => this.#printProgress(), 1000);
    try {
      for (let turn = 0; Date.now() < startMs + durationMs && !signal.aborted; turn++) {
        const waitMs = startMs + (turn * 1000) / rate - Date.now();
        if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => {});
        this.#begin(this.#writeOne(turn));
        this.#begin(this.#readOne(turn * 7 + 3));
      }
      await Promise.all(this.#open);
    } finally {
      clearInterval(timer);
      this.#report.endedMs = Date.now();
    }
  }

  #begin(operation: Promise<void>): void {
    this.#open.add(operation);
    void operation.finally(() => this.#open.delete(operation));
  }

  async #writeOne(turn: number): Promise<void> {
    const { keys } = this.#settings;
    const place = Array.from({ length: keys }, (_, index) => (turn + index) % keys).find(
      (index) => this.#keys[index]?.history.isBusy === false,
    );
    const key = this.#keys[place ?? -1];
    if (key === undefined) return;
    const number = key.history.begin();
    const command = ["SET", key.name, String(number), "EX", String(expirySeconds), "GET"];
    try {
      const previous = numberOf(await this.#client.send(key.slot, command));
      const nowMs = Date.now();
      this.#report.acknowledged++;
      this.#gaps?.acknowledge(key.slot, nowMs);
      this.#note(key, previous, key.history.acknowledge(number, previous, nowMs));
    } catch (error) {
      key.history.fail(number);
      count(this.#report.refused, error);
    }
  }

  async #readOne(turn: number): Promise<void> {
    const key = this.#keys[turn % this.#keys.length];
    if (key === undefined) return;
    const { newest } = key.history;
    const beganMs = Date.now();
    try {
      const found = numberOf(await this.#client.send(key.slot, ["GET", key.name]));
      this.#report.reads++;
      key.history.read(found, newest, beganMs);
    } catch (error) {
      count(this.#report.failedReads, error);
    }
  }

  /** Reads each key until it can be read. */
  async #readAll(): Promise<void> {
    const untilMs = Date.now() + finalReadMs;
    for (const key of this.#keys)
      for (;;) {
        try {
          const found = numberOf(await this.#client.send(key.slot, ["GET", key.name]));
          this.#note(key, found, key.history.end(found));
          break;
        } catch {
          if (Date.now() < untilMs) continue;
          this.#report.unreadable++;
          break;
        }
      }
  }

  #note(
    { name, slot }: CheckedKey,
    found: number | undefined,
    { judgement, staleMs }: { judgement: Judgement; staleMs: number[] },
  ): void {
    const report = this.#report;
    report.stale += staleMs.length;
    report.oldestStaleMs = Math.max(report.oldestStaleMs, ...staleMs);
    if (judgement.kind === "uncertain") report.uncertain++;
    if (judgement.kind !== "lost") return;
    const { evictedKeys } = this.#client;
    if (found === undefined && evictedKeys > this.#evictedBefore) {
      this.#evictedBefore = evictedKeys;
      report.evicted++;
      return;
    }
    report.lost++;
    if (report.lostWrites.length >= mostLostWrites) return;
    const { wrote, acknowledgedMs } = judgement;
    const loss: LostWrite = {
      key: name,
      slot,
      wrote,
      found: found ?? null,
      acknowledgedMs,
      foundMs: Date.now(),
    };
    report.lostWrites.push(loss);
  }

  #printProgress(): void {
    const { startedMs, acknowledged, refused, lost, stale } = this.#report;
    const nowMs = Date.now();
    this.#settings.print({
      progress: {
        seconds: Math.round((nowMs - startedMs) / 1000),
        acknowledged,
        refused: Object.values(refused).reduce((sum, value) => sum + value, 0),
        lost,
        stale,
        silentMs: this.#gaps?.silentMs(nowMs) ?? 0,
      },
    });
  }
}

/** A reply to GET as a number; undefined when the key does not exist. */
function numberOf(reply: string): number | undefined {
  return reply === "null" ? undefined : Number(reply);
}

function count(counts: Record<string, number>, error: unknown): void {
  const kind = error instanceof CheckError ? error.kind : "no connection";
  counts[kind] = (counts[kind] ?? 0) + 1;
}

import { randomBytes } from "node:crypto";
import type { BallastReport } from "../../contract/redis-check.ts";
import type { ClusterClient } from "./cluster-client.ts";

/** Keys that are written once: data that the cluster has to move, or to load when it starts. */
export interface BallastSettings {
  /** Number of small keys; every tenth one expires, after an hour. */
  keys: number;
  /** Size of one large value; 0: none. */
  largeMiB: number;
  /** Number of fields of one large hash; 0: none. */
  fields: number;
}

const atATime = 200;
const fieldsAtATime = 500;
const expirySeconds = 3600;
const largeTimeoutMs = 30_000;
const tries = 60;

/** Writes, verifies and removes the ballast of a check. */
export class Ballast {
  readonly #client: ClusterClient;
  readonly #prefix: string;
  readonly #settings: BallastSettings;
  /** Number of small keys of which a write has begun. */
  #begun = 0;
  /** Ends a write early. */
  #writing: AbortSignal | undefined;
  readonly #large = randomBytes(512 * 1024).toString("hex");

  constructor(client: ClusterClient, prefix: string, settings: BallastSettings) {
    this.#client = client;
    this.#prefix = prefix;
    this.#settings = settings;
  }

  /**
   * Writes it all. What was written before a failure is removed again.
   *
   * @throws {CheckError} when a key cannot be written, and the reason of `signal` when that ends it
   */
  async write(signal: AbortSignal): Promise<void> {
    this.#writing = signal;
    try {
      await this.#writeAll();
    } catch (error) {
      this.#writing = undefined;
      await this.remove();
      throw error;
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeAll(): Promise<void> {
    const { largeMiB, fields } = this.#settings;
    await this.#each(this.#settings.keys, (key, slot, index) => {
      this.#begun = Math.max(this.#begun, index + 1);
      const seconds = index % 10 === 0 ? expirySeconds : 2 * expirySeconds;
      return this.#send(slot, ["SET", key, String(index), "EX", String(seconds)]);
    });
    if (largeMiB > 0) {
      const [key, slot] = await this.#special("large");
      for (let part = 0; part < largeMiB; part++) await this.#send(slot, ["APPEND", key, this.#large]);
      await this.#send(slot, ["EXPIRE", key, String(expirySeconds)]);
    }
    if (fields > 0) {
      const [key, slot] = await this.#special("fields");
      for (let from = 0; from < fields; from += fieldsAtATime) {
        const pairs = Array.from({ length: Math.min(fieldsAtATime, fields - from) }, (_, index) => [
          `field-${from + index}`,
          String(from + index),
        ]).flat();
        await this.#send(slot, ["HSET", key, ...pairs]);
      }
      await this.#send(slot, ["EXPIRE", key, String(expirySeconds)]);
    }
  }

  /** @param evictedKeys keys that the nodes evicted: as many missing keys do not count as lost */
  async verify(evictedKeys: number): Promise<BallastReport> {
    const { keys, largeMiB, fields } = this.#settings;
    let lost = 0;
    await this.#each(keys, async (key, slot, index) => {
      if ((await this.#send(slot, ["GET", key])) !== String(index)) lost++;
    });
    if (largeMiB > 0) {
      const [key, slot] = await this.#special("large");
      if (Number(await this.#send(slot, ["STRLEN", key])) !== largeMiB * this.#large.length) lost++;
    }
    if (fields > 0) {
      const [key, slot] = await this.#special("fields");
      const last = await this.#send(slot, ["HGET", key, `field-${fields - 1}`]);
      if (Number(await this.#send(slot, ["HLEN", key])) !== fields || last !== String(fields - 1)) lost++;
    }
    const count = keys + (largeMiB > 0 ? 1 : 0) + (fields > 0 ? 1 : 0);
    return { keys: count, lost: Math.max(0, lost - evictedKeys) };
  }

  async remove(): Promise<void> {
    await this.#each(this.#begun, (key, slot) => this.#send(slot, ["UNLINK", key]));
    for (const name of ["large", "fields"]) {
      const [key, slot] = await this.#special(name);
      await this.#send(slot, ["UNLINK", key]);
    }
  }

  async #special(name: string): Promise<[string, number]> {
    const key = `${this.#prefix}:${name}`;
    const [slot = 0] = await this.#client.slotsOf([key]);
    return [key, slot];
  }

  async #each(
    keyCount: number,
    work: (key: string, slot: number, index: number) => Promise<unknown>,
  ): Promise<void> {
    for (let from = 0; from < keyCount; from += atATime) {
      const count = Math.min(atATime, keyCount - from);
      const keys = Array.from({ length: count }, (_, index) => `${this.#prefix}:${from + index}`);
      const slots = await this.#client.slotsOf(keys);
      await Promise.all(keys.map((key, index) => work(key, slots[index] ?? 0, from + index)));
    }
  }

  /** Sends a command again when it fails: a slot that moves may be refused for a moment. @throws {CheckError} */
  async #send(slot: number, command: string[]): Promise<string> {
    for (let turn = 1; ; turn++) {
      this.#writing?.throwIfAborted();
      try {
        return await this.#client.send(slot, command, largeTimeoutMs);
      } catch (error) {
        if (turn >= tries) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}

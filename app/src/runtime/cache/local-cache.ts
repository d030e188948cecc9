import { LRUCache } from "lru-cache";
import type { Feed } from "./cache-store.ts";
import type { StoredValue } from "./stored-text.ts";

/** A copy of a value in this process. */
export interface LocalCopy extends StoredValue {
  feed: Feed;
  /** Epoch of the feed when the copy was made. */
  epoch: number;
  /** The result of a hit, allocated once. */
  hit: { value: string; status: "HIT" };
}

/** Size of an entry without its strings: objects, slots of the map, links. */
const entryBytes = 256;

/** The most recently used values, within a size limit. */
export class LocalCache {
  readonly #copies: LRUCache<string, LocalCopy> | undefined;

  /** @param bytes limit for all entries, counted as their strings plus a fixed size each; 0 keeps none */
  constructor(bytes: number) {
    if (bytes > 0)
      this.#copies = new LRUCache({
        maxSize: bytes,
        maxEntrySize: Math.max(1, Math.floor(bytes / 4)),
        sizeCalculation: (copy, name) => entryBytes + stringBytes(name) + stringBytes(copy.value),
      });
  }

  get entries(): number {
    return this.#copies?.size ?? 0;
  }

  get bytes(): number {
    return this.#copies?.calculatedSize ?? 0;
  }

  get(name: string): LocalCopy | undefined {
    return this.#copies?.get(name);
  }

  set(name: string, copy: LocalCopy): void {
    this.#copies?.set(name, copy);
  }

  delete(name: string): void {
    this.#copies?.delete(name);
  }

  clear(): void {
    this.#copies?.clear();
  }
}

/**
 * Whether a copy's feed is live and has missed no invalidation since the copy was made.
 *
 * @param now milliseconds since 1970
 */
export function isCurrent({ feed, epoch }: LocalCopy, now: number): boolean {
  return feed.isLive && epoch === feed.epoch && now < feed.trustedUntil;
}

/** V8 stores a string in one byte per character if all are Latin-1, else in two. */
function stringBytes(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Latin-1 includes them
  return /^[\u0000-\u00ff]*$/.test(text) ? text.length : text.length * 2;
}

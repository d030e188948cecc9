import { LRUCache } from "lru-cache";
import type { Feed } from "./cache-store.ts";
import type { StoredValue } from "./stored-text.ts";

/** A copy of a value in this process. */
export interface LocalCopy extends StoredValue {
  feed: Feed;
  /** Of the feed when the copy was made. */
  epoch: number;
  /** The answer that it gives, made once. */
  hit: { value: string; status: "HIT" };
}

/** Of an entry without its strings: objects, the map's slots and links. */
const entryBytes = 256;

/** The values that were used last, as many as fit in so many bytes. */
export class LocalCache {
  readonly #copies: LRUCache<string, LocalCopy> | undefined;

  /** @param bytes for all entries together, counted by their strings and a fixed sum for each; 0 keeps none */
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

/** As the copies of feeds that live and missed nothing. */
export function isCurrent(copy: LocalCopy): boolean {
  return copy.feed.isLive && copy.epoch === copy.feed.epoch;
}

/** V8 keeps a string in one byte per character if all of them are Latin-1, else in two. */
function stringBytes(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of Latin-1 begins with them
  return /^[\u0000-\u00ff]*$/.test(text) ? text.length : text.length * 2;
}

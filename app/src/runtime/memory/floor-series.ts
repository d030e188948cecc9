import type { TimedBytes } from "./growth.ts";

/**
 * Floors over the whole life of a process, in bounded memory. When there are too many, every second one is dropped and the
 * spacing doubles. This series shows leaks that are too slow to appear in the recent floors.
 */
export class FloorSeries {
  readonly #capacity: number;
  #floors: TimedBytes[] = [];
  #spacingSeconds: number;

  /**
   * @param capacity maximum number of floors
   * @param spacingSeconds initial minimum time between two floors
   */
  constructor(capacity: number, spacingSeconds: number) {
    this.#capacity = capacity;
    this.#spacingSeconds = spacingSeconds;
  }

  get floors(): readonly TimedBytes[] {
    return this.#floors;
  }

  add(floor: TimedBytes): void {
    const last = this.#floors.at(-1);
    if (last && floor.second - last.second < this.#spacingSeconds) return;
    this.#floors.push(floor);
    if (this.#floors.length <= this.#capacity) return;
    this.#floors = this.#floors.filter((_, index) => index % 2 === 0);
    this.#spacingSeconds *= 2;
  }
}

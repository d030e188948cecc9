import type { TimedBytes } from "./growth.ts";

/**
 * Floors over the whole life of a process, in bounded memory: when there are too many, every second one goes, and from
 * then on they are kept half as often. A leak that is too slow to show in the recent ones shows here.
 */
export class FloorSeries {
  readonly #most: number;
  #floors: TimedBytes[] = [];
  #spacingSeconds: number;

  constructor(most: number, spacingSeconds: number) {
    this.#most = most;
    this.#spacingSeconds = spacingSeconds;
  }

  get floors(): readonly TimedBytes[] {
    return this.#floors;
  }

  add(floor: TimedBytes): void {
    const last = this.#floors.at(-1);
    if (last && floor.second - last.second < this.#spacingSeconds) return;
    this.#floors.push(floor);
    if (this.#floors.length <= this.#most) return;
    this.#floors = this.#floors.filter((_, index) => index % 2 === 0);
    this.#spacingSeconds *= 2;
  }
}

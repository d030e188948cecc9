import { FloorSeries } from "./floor-series.ts";
import type { TimedBytes } from "./growth.ts";
import { type Judgement, judgeFloors } from "./leak-verdict.ts";

const wholeFloorsKept = 64;

/** Settings of a {@link LeakSuspicion}. */
export interface LeakSuspicionOptions {
  /** Full collections within this time count as one. */
  intervalSeconds: number;
  /** Age limit of the recent floors. */
  windowSeconds: number;
  /** Growth that the caches may cause while they fill. */
  minGrowthBytes: number;
}

/** Judges whether memory floors look like a leak: the recent floors, and those of the whole life of the process. */
export class LeakSuspicion {
  readonly #options: LeakSuspicionOptions;
  readonly #whole: FloorSeries;
  #recent: TimedBytes[] = [];
  #judgement: Judgement;

  constructor(options: LeakSuspicionOptions) {
    this.#options = options;
    this.#whole = new FloorSeries(wholeFloorsKept, options.windowSeconds / wholeFloorsKept);
    this.#judgement = judgeFloors([], options);
  }

  /** The latest judgement: of the recent floors, unless only the whole series looks like a leak. */
  get judgement(): Judgement {
    return this.#judgement;
  }

  add(floor: TimedBytes): void {
    const last = this.#recent.at(-1);
    if (last && floor.second - last.second < this.#options.intervalSeconds) {
      last.bytes = Math.min(last.bytes, floor.bytes);
      return;
    }
    this.#recent.push(floor);
    this.#whole.add(floor);
  }

  /** Judges the floors again. @returns whether they look like a leak now and did not before */
  judge(second: number): boolean {
    const { windowSeconds, minGrowthBytes } = this.#options;
    const suspected = this.#judgement.leak;
    this.#recent = this.#recent.filter((floor) => floor.second >= second - windowSeconds);
    const recent = judgeFloors(this.#recent, { minGrowthBytes, suspected });
    // The load changes over hours, and live memory with it, so the whole series needs twice the growth.
    const whole = judgeFloors(this.#whole.floors, { minGrowthBytes: 2 * minGrowthBytes, suspected });
    this.#judgement = whole.leak && !recent.leak ? whole : recent;
    return this.#judgement.leak && !suspected;
  }
}

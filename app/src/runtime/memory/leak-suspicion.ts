import { FloorSeries } from "./floor-series.ts";
import type { TimedBytes } from "./growth.ts";
import { type Judgement, judgeFloors } from "./leak-verdict.ts";

const wholeFloorsKept = 64;

export interface LeakSuspicionOptions {
  /** Full collections that follow each other within this are one. */
  intervalSeconds: number;
  /** How far back the recent floors go. */
  windowSeconds: number;
  /** Growth that may be a cache that fills. */
  minGrowthBytes: number;
}

/** Whether floors of memory look like a leak: the recent ones, or those of the whole life of the process. */
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

  /** The newest: of the recent floors, unless only the whole series looks like a leak. */
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

  /** Judges anew. Gives whether it looks like a leak now and did not before. */
  judge(second: number): boolean {
    const { windowSeconds, minGrowthBytes } = this.#options;
    const suspected = this.#judgement.leak;
    this.#recent = this.#recent.filter((floor) => floor.second >= second - windowSeconds);
    const recent = judgeFloors(this.#recent, { minGrowthBytes, suspected });
    // Over hours the load changes too, and with it what is kept for it: only twice the growth is called a leak.
    const whole = judgeFloors(this.#whole.floors, { minGrowthBytes: 2 * minGrowthBytes, suspected });
    this.#judgement = whole.leak && !recent.leak ? whole : recent;
    return this.#judgement.leak && !suspected;
  }
}

/** What a write or a read shows about a key. */
export type Judgement =
  | { kind: "good" }
  /** The newest acknowledged write is not there any more. */
  | { kind: "lost"; wrote: number; acknowledgedMs: number }
  /** A write without a response is there instead of a later, acknowledged one. */
  | { kind: "uncertain" }
  /** A read was older than an acknowledged write. @property ageMs from that acknowledgement to the beginning of the read */
  | { kind: "stale"; ageMs: number };

/** Acknowledgements that are kept for the age of stale reads. */
const mostKept = 1000;

/**
 * The numbers that were written to one key. Each write has a number greater than all before, and one write of the key is sent at
 * a time.
 */
export class KeyHistory {
  #next: number;
  #acknowledged: { number: number; atMs: number }[] = [];
  readonly #unanswered = new Set<number>();
  #staleMs: number[] = [];
  #isBusy = false;

  /** @param first number of the first write, at least 1 */
  constructor(first = 1) {
    this.#next = first;
  }

  /** Whether a write is on its way. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Number of the newest acknowledged write; 0 before the first one. */
  get newest(): number {
    return this.#acknowledged.at(-1)?.number ?? 0;
  }

  /** Begins a write. @returns its number */
  begin(): number {
    this.#isBusy = true;
    return this.#next++;
  }

  /** Ends a write without an acknowledgement: it may have taken effect, or take effect later. */
  fail(number: number): void {
    this.#isBusy = false;
    this.#unanswered.add(number);
  }

  /**
   * Ends a write that was acknowledged.
   *
   * @param previous number that the write replaced; undefined: the key did not exist, null: it is not known
   * @returns what the previous number shows, and the ages of the stale reads before, in ms: reads that returned a lost value are
   * not among them
   */
  acknowledge(
    number: number,
    previous: number | null | undefined,
    nowMs: number,
  ): { judgement: Judgement; staleMs: number[] } {
    this.#isBusy = false;
    const judgement: Judgement = previous === null ? { kind: "good" } : this.#judge(previous);
    const staleMs = judgement.kind === "good" ? this.#staleMs : [];
    this.#staleMs = [];
    this.#acknowledged.push({ number, atMs: nowMs });
    if (this.#acknowledged.length > mostKept) this.#acknowledged.shift();
    return { judgement, staleMs };
  }

  /** Judges the last read of the key. @param found undefined: the key does not exist @returns as `acknowledge` */
  end(found: number | undefined): { judgement: Judgement; staleMs: number[] } {
    const judgement = this.#judge(found);
    const staleMs = judgement.kind === "good" ? this.#staleMs : [];
    this.#staleMs = [];
    return { judgement, staleMs };
  }

  /**
   * Judges a read in between.
   *
   * @param found undefined: the key does not exist
   * @param newest number of the newest acknowledged write when the read began
   */
  read(found: number | undefined, newest: number, beganMs: number): Judgement {
    const value = found ?? 0;
    if (value >= newest) return { kind: "good" };
    if (this.#unanswered.has(value)) return { kind: "uncertain" };
    const missed = this.#acknowledged.find(({ number }) => number > value);
    const ageMs = Math.max(0, beganMs - (missed?.atMs ?? beganMs));
    this.#staleMs.push(ageMs);
    return { kind: "stale", ageMs };
  }

  #judge(found: number | undefined): Judgement {
    const last = this.#acknowledged.at(-1);
    if (last === undefined || (found !== undefined && found >= last.number)) return { kind: "good" };
    if (found !== undefined && this.#unanswered.has(found)) return { kind: "uncertain" };
    return { kind: "lost", wrote: last.number, acknowledgedMs: last.atMs };
  }
}

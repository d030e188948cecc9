/** Gives the values of several names at once; a name without a value is left out. */
export type LoadMany = (names: string[]) => Promise<ReadonlyMap<string, string>>;

/** A name that waits for another process must not hold back the rest. */
const longestGatherMs = 5;

/** Gathers the loads of several names into one, or a few when some come late. */
export class LoadBatch {
  readonly #loadMany: LoadMany;
  #outstanding: number;
  #names: string[] = [];
  #settle: ((values: Promise<ReadonlyMap<string, string>>) => void) | undefined;
  #gathered: Promise<ReadonlyMap<string, string>> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param outstanding names of which each will either be loaded or be done without */
  constructor(outstanding: number, loadMany: LoadMany) {
    this.#outstanding = outstanding;
    this.#loadMany = loadMany;
  }

  /** @throws what the load throws */
  async load(name: string): Promise<string | undefined> {
    this.#names.push(name);
    this.#gathered ??= new Promise((resolve) => {
      this.#settle = resolve;
      this.#timer = setTimeout(() => this.#send(), longestGatherMs);
    });
    const gathered = this.#gathered;
    if (this.#names.length >= this.#outstanding) this.#send();
    return (await gathered).get(name);
  }

  /** A name that needs no load (any more). */
  doneWithout(): void {
    this.#outstanding--;
    if (this.#names.length > 0 && this.#names.length >= this.#outstanding) this.#send();
  }

  #send(): void {
    clearTimeout(this.#timer);
    const names = this.#names;
    this.#names = [];
    this.#outstanding -= names.length;
    this.#gathered = undefined;
    this.#settle?.(this.#loadMany(names));
  }
}

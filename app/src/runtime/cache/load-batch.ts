/** Loads the values of several names; names without a value are omitted. */
export type LoadMany = (names: string[]) => Promise<ReadonlyMap<string, string>>;

/** A name that waits for another process must not delay the others. */
const gatherMs = 5;

/** Combines the loads of several names into one, or into a few if some come late. */
export class LoadBatch {
  readonly #loadMany: LoadMany;
  #outstanding: number;
  #names: string[] = [];
  #settle: ((values: Promise<ReadonlyMap<string, string>>) => void) | undefined;
  #gathered: Promise<ReadonlyMap<string, string>> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param outstanding number of names; for each, the caller calls either `load` or `doneWithout` */
  constructor(outstanding: number, loadMany: LoadMany) {
    this.#outstanding = outstanding;
    this.#loadMany = loadMany;
  }

  /** @throws {Error} of `loadMany` when it fails. */
  async load(name: string): Promise<string | undefined> {
    this.#names.push(name);
    this.#gathered ??= new Promise((resolve) => {
      this.#settle = resolve;
      this.#timer = setTimeout(() => this.#send(), gatherMs);
    });
    const gathered = this.#gathered;
    if (this.#names.length >= this.#outstanding) this.#send();
    return (await gathered).get(name);
  }

  /** Reports that a name needs no load. */
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

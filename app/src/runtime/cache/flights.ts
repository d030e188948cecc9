/** A piece of work under way whose outcome others may share. */
export interface Flight<T> {
  readonly outcome: Promise<T>;
  /** What it gives may be older than an invalidation that happened meanwhile. */
  isOutdated: boolean;
}

/** Work under way by name: whoever wants the same while it lasts gets the same outcome (single flight). */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  get size(): number {
    return this.#flights.size;
  }

  get(name: string): Flight<T> | undefined {
    return this.#flights.get(name);
  }

  /** Starts work that others may join until it ends. It is told of its own flight. */
  start(name: string, work: (flight: Flight<T>) => Promise<T>): Flight<T> {
    const { promise, settle } = deferred<T>();
    const flight: Flight<T> = { outcome: promise, isOutdated: false };
    this.#flights.set(name, flight);
    const done = work(flight).finally(() => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name);
    });
    settle(done);
    return flight;
  }

  /** Whoever comes from now on does not join. */
  outdate(name: string): void {
    const flight = this.#flights.get(name);
    if (!flight) return;
    flight.isOutdated = true;
    this.#flights.delete(name);
  }

  outdateAll(): void {
    for (const flight of this.#flights.values()) flight.isOutdated = true;
    this.#flights.clear();
  }
}

function deferred<T>() {
  let settle: (with_: Promise<T>) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

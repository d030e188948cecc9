/** A running operation whose outcome several callers may share. */
export interface Flight<T> {
  readonly outcome: Promise<T>;
  /** An invalidation happened during the operation, so its outcome may be old. */
  isOutdated: boolean;
}

/** Running operations by name: callers that want the same result share one operation (single flight). */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  get size(): number {
    return this.#flights.size;
  }

  get(name: string): Flight<T> | undefined {
    return this.#flights.get(name);
  }

  /** Starts an operation that others may join until it ends. `work` receives its own flight. */
  start(name: string, work: (flight: Flight<T>) => Promise<T>): Flight<T> {
    const { promise, resolve: settle } = Promise.withResolvers<T>();
    const flight: Flight<T> = { outcome: promise, isOutdated: false };
    this.#flights.set(name, flight);
    const done = work(flight).finally(() => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name);
    });
    settle(done);
    return flight;
  }

  /** Marks the operation as outdated; later callers do not join it. */
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

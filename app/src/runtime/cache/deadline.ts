import { CacheUnavailable } from "./cache-store.ts";

/** A timer that fires later than this was delayed by the process itself. */
const maxTimerDelayMs = 20;

/**
 * Rejects if `reply` does not settle within `timeoutMs`. If the process itself was paused during this time (garbage
 * collection, CPU quota), the time limit doubles.
 *
 * @throws {CacheUnavailable} when the time is over.
 */
export function withDeadline<T>(reply: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const giveUp = () => reject(new CacheUnavailable(`no answer within ${timeoutMs} ms`));
    let timer = setTimeout(() => {
      if (performance.now() - startedAt > timeoutMs + maxTimerDelayMs) timer = setTimeout(giveUp, timeoutMs);
      // Timers run before sockets are read, so a reply that has arrived is handled first.
      else setImmediate(giveUp);
    }, timeoutMs);
    reply.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

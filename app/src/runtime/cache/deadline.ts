import { CacheUnavailable } from "./cache-store.ts";

/** A timer that comes later than this was held up by the process itself. */
const longestDelayMs = 20;

/**
 * `answer`, or a rejection after `timeoutMs`; after twice that when the process stood still meanwhile (garbage collection,
 * CPU quota), which is not the other side's fault.
 *
 * @throws {CacheUnavailable} when the time is over.
 */
export function withDeadline<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const giveUp = () => reject(new CacheUnavailable(`no answer within ${timeoutMs} ms`));
    let timer = setTimeout(() => {
      if (performance.now() - startedAt > timeoutMs + longestDelayMs) timer = setTimeout(giveUp, timeoutMs);
      // Timers run before sockets are read: an answer that has arrived gets its turn first.
      else setImmediate(giveUp);
    }, timeoutMs);
    answer.then(
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

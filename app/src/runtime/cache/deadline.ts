import { CacheUnavailable } from "./cache-store.ts";

/**
 * `answer`, or a rejection after `timeoutMs`.
 *
 * @throws {CacheUnavailable} when the time is over.
 */
export function withDeadline<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      // After a pause of the whole process (garbage collection, CPU quota) timers run before sockets are read: an
      // answer that has arrived gets its turn first.
      setImmediate(() => reject(new CacheUnavailable(`no answer within ${timeoutMs} ms`)));
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

// @ts-check

/** Upper ends of the buckets of the pods' response times, in milliseconds. */
export const bucketEnds = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/** Seconds without traffic after which the pool of a pod has to be learned again. */
export const learnedSeconds = 120;

/**
 * Counters in memory that all worker processes share. The first letter of a key is its kind: `a|pod|status|bucket` attempts,
 * `m|pod` their milliseconds, `r|pod` retries, `t|pod` time of the last traffic in seconds, `i|pod` index of the pod's pool,
 * `c|status` responses, `d|` lines that were cut, `b|` refused retries, `o|status` own responses, `h|result` results of the cache; `position` is that in the log.
 *
 * @typedef {object} Counters
 * @property {(key: string) => number | undefined} get
 * @property {(key: string, value: number) => unknown} set
 * @property {(key: string, delta: number, init: number) => number} incr
 * @property {(key: string) => boolean} delete
 * @property {() => void} clear
 * @property {() => [string, number][]} items
 */

/** @returns {Counters} the dictionary of `js_shared_dict_zone` */
export function sharedCounters() {
  const { ngx } = /** @type {{ ngx: { shared: { metrics: Counters } } }} */ (
    /** @type {unknown} */ (globalThis)
  );
  return ngx.shared.metrics;
}

/** @returns the time in whole seconds */
export function now() {
  return Math.floor(Date.now() / 1000);
}

/**
 * The values of all attempts of one request.
 *
 * @param {string} list as Nginx's variables have it
 * @returns {string[]}
 */
export function eachAttempt(list) {
  return list.indexOf(" ") < 0 ? [list] : list.split(/ : |, /);
}

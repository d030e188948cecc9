// @ts-check

/** Length of a time slot. Requests and retries of this slot and of the one before count. */
const slotMs = 5000;
/** Longest time that two slots cover, in seconds. */
const windowSeconds = 10;

/**
 * A request, with the variables of Nginx.
 *
 * @typedef {object} Request
 * @property {Record<string, string | undefined>} variables
 */

/**
 * Counters in memory that all worker processes share: `requests|slot` and `retries|slot`.
 *
 * @typedef {object} Counters
 * @property {(key: string) => number | undefined} get
 * @property {(key: string, delta: number, init: number) => number} incr
 */

/** @returns {{ retries: Counters, metrics?: Counters }} the dictionaries of `js_shared_dict_zone` */
function shared() {
  const context = /** @type {{ ngx: { shared: { retries: Counters, metrics?: Counters } } }} */ (
    /** @type {unknown} */ (globalThis)
  );
  return context.ngx.shared;
}

/**
 * @param {Request} request
 * @returns percent of the requests, requests in a second, and requests that a counted one stands for
 */
function settingsOf(request) {
  const values = (request.variables.retry_budget || "").split("/").map(Number);
  return { percent: values[0] || 0, perSecond: values[1] || 0, weight: values[2] || 1 };
}

/** @returns the number of the current time slot */
function slotNow() {
  return Math.floor(Date.now() / slotMs);
}

/**
 * Counts a request that reached a pod, for all those that are not counted.
 *
 * @param {Request} request
 * @returns {string} nothing, so that no line is written
 */
function count(request) {
  const variables = request.variables;
  // A server of the gateway itself fetches what the cache keeps, and counts these requests.
  if (variables.upstream_addr && !variables.upstream_cache_status)
    shared().retries.incr(`requests|${slotNow()}`, settingsOf(request).weight, 0);
  return "";
}

/**
 * Decides whether another attempt of a request may be made, and counts it then.
 *
 * @param {Request} request
 * @returns {string} nothing if it may
 */
function refuse(request) {
  const settings = settingsOf(request);
  const dictionaries = shared();
  const retries = dictionaries.retries;
  const slot = slotNow();
  /** @param {string} kind */
  const recent = (kind) => (retries.get(`${kind}|${slot}`) || 0) + (retries.get(`${kind}|${slot - 1}`) || 0);
  if (
    recent("retries") <
    (settings.percent / 100) * recent("requests") + settings.perSecond * windowSeconds
  ) {
    retries.incr(`retries|${slot}`, 1, 0);
    return "";
  }
  if (dictionaries.metrics !== undefined) dictionaries.metrics.incr("b|", 1, 0);
  return "1";
}

export default { count, refuse };

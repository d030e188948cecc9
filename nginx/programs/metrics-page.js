// @ts-check
import { bucketEnds, eachAttempt, learnedSeconds, now, sharedCounters } from "./counters.js";

/** Seconds without traffic after which a pod is no longer shown. */
const shownSeconds = 3600;
/** Requests to each pool by which a response learns the pools of new pods, at most, and the time for all of them. */
const lookups = 20;
const lookupMs = 2000;

/**
 * A request to the metrics' port.
 *
 * @typedef {object} Request
 * @property {Record<string, string>} headersOut
 * @property {Record<string, string | undefined>} variables
 * @property {(path: string) => Promise<{ responseText: string, variables: Record<string, string | undefined> }>} subrequest
 * @property {(status: number, body: string) => void} return
 */

/**
 * Responds with all metrics.
 *
 * @param {Request} request
 */
async function serve(request) {
  const counters = sharedCounters();
  const pools = (request.variables.metrics_pools || "").split(" ");
  dropIdle(counters);
  if (pools.length > 1) await learnPools(request, counters, pools.length);
  const { responseText } = await request.subrequest("/connections");
  request.headersOut["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8";
  request.return(200, render(counters.items(), pools, responseText));
}

/**
 * Forgets pods without traffic, so that the pods of earlier rollouts take no memory.
 *
 * @param {import("./counters.js").Counters} counters
 */
function dropIdle(counters) {
  const items = counters.items();
  const isIdle = (/** @type {number} */ time) => time < now() - shownSeconds;
  const idle = new Set(
    items.flatMap(([key, time]) => (key[0] === "t" && isIdle(time) ? [key.slice(2)] : [])),
  );
  if (idle.size === 0) return;
  for (const [key] of items)
    if ("amrti".indexOf(key[0] || "") >= 0 && idle.has(key.split("|")[1] || "")) counters.delete(key);
}

/**
 * Learns the pools of new pods. Nginx knows a pod only by its address, and resolves host names only to send a request; so a
 * request to the host name of a pool shows an address of one of its pods, which is chosen at random.
 *
 * @param {Request} request
 * @param {import("./counters.js").Counters} counters
 * @param {number} pools
 */
async function learnPools(request, counters, pools) {
  const end = Date.now() + lookupMs;
  const isBusy = (/** @type {number} */ time) => time >= now() - learnedSeconds;
  const unknown = new Set(
    counters
      .items()
      .flatMap(([key, time]) => (key[0] === "t" && isBusy(time) ? [key.slice(2)] : []))
      .filter((pod) => counters.get(`i|${pod}`) === undefined),
  );
  for (let lookup = 0; lookup < lookups * pools && unknown.size > 0 && Date.now() < end; lookup++) {
    const index = lookup % pools;
    const { variables } = await request.subrequest(`/pools/${index}`);
    for (const address of eachAttempt(variables.upstream_addr || "")) {
      const pod = address.slice(0, address.lastIndexOf(":"));
      if (unknown.delete(pod) && !save(counters, `i|${pod}`, index)) return;
    }
  }
}

/**
 * Saves a value, and returns whether there was room for it. `count-log.js` makes room when it next needs some.
 *
 * @param {import("./counters.js").Counters} counters
 * @param {string} key
 * @param {number} value
 */
function save(counters, key, value) {
  try {
    counters.set(key, value);
    return true;
  } catch {
    return false;
  }
}

/**
 * All metrics in the text format of Prometheus.
 *
 * @param {readonly [string, number][]} items the counters
 * @param {readonly string[]} pools
 * @param {string} connections the text of Nginx's `stub_status`
 */
export function render(items, pools, connections) {
  const [active, accepted, handled, , reading, writing, waiting] = (connections.match(/\d+/g) || []).map(
    Number,
  );
  /** @param {string} kind @returns {[string, number][]} */
  const ofKind = (kind) =>
    items.flatMap(([key, value]) => (key[0] === kind && key[1] === "|" ? [[key.slice(2), value]] : []));
  const poolOf = new Map(ofKind("i"));
  /** @param {string} pod */
  const labelsOf = (pod) => {
    const index = pools.length > 1 ? poolOf.get(pod) : 0;
    return { pool: index === undefined ? "" : pools[index] || "", pod_ip: pod.replace(/[[\]]/g, "") };
  };
  /** @param {string} kind @param {string} label @param {readonly string[]} always */
  const by = (kind, label, always) =>
    withZeros(new Map(ofKind(kind)), always).map(([name, value]) => sample({ [label]: name }, value));
  const { attempts, buckets } = sumAttempts(ofKind("a"));
  const pods = ofKind("t").map(([pod]) => pod);
  const zeros = pods.flatMap((pod) => ["2xx", "5xx", "failed"].map((status) => `${pod}|${status}`));
  const milliseconds = new Map(ofKind("m"));
  return [
    family("gateway_connections", "gauge", "Connections of clients by state", [
      sample({ state: "active" }, active),
      sample({ state: "reading" }, reading),
      sample({ state: "writing" }, writing),
      sample({ state: "waiting" }, waiting),
    ]),
    family("gateway_connections_accepted_total", "counter", "Connections of clients that were accepted", [
      sample({}, accepted),
    ]),
    family("gateway_connections_handled_total", "counter", "Accepted connections that were not dropped", [
      sample({}, handled),
    ]),
    family(
      "gateway_cut_log_lines_total",
      "counter",
      "Requests that are not counted, because a full volume cut their lines in the log",
      [sample({}, new Map(ofKind("d")).get("") || 0)],
    ),
    family(
      "gateway_refused_retries_total",
      "counter",
      "Requests that reached no second pod, because their number is bounded",
      [sample({}, new Map(ofKind("b")).get("") || 0)],
    ),
    family(
      "gateway_responses_total",
      "counter",
      "Responses to clients by class of the status",
      by("c", "status", ["2xx", "3xx", "4xx", "5xx"]),
    ),
    family(
      "gateway_own_responses_total",
      "counter",
      "Responses that the gateway made itself by status; 499: the client left before the response",
      by("o", "status", ["429", "499", "503", "504"]),
    ),
    family(
      "gateway_cache_results_total",
      "counter",
      "Requests for cached paths by result",
      by("h", "result", []),
    ),
    family(
      "gateway_pod_attempts_total",
      "counter",
      "Attempts by class of the pod's status; failed: no response; aborted: the client left before",
      withZeros(attempts, zeros).map(([id, value]) => {
        const [pod = "", status = ""] = id.split("|");
        return sample({ ...labelsOf(pod), status }, value);
      }),
    ),
    family(
      "gateway_pod_retries_total",
      "counter",
      "Attempts that were followed by another one",
      withZeros(new Map(ofKind("r")), pods).map(([pod, value]) => sample(labelsOf(pod), value)),
    ),
    family(
      "gateway_pod_response_seconds",
      "histogram",
      "From the start of the attempt to the header of the pod's response",
      [...buckets].flatMap(([pod, counts]) =>
        histogram(labelsOf(pod), counts, (milliseconds.get(pod) || 0) / 1000),
      ),
    ),
  ].join("");
}

/**
 * Counters that exist from the start: Prometheus does not see the first increment of a series that begins with it.
 *
 * @param {Map<string, number>} values
 * @param {readonly string[]} keys
 */
function withZeros(values, keys) {
  for (const key of keys) if (!values.has(key)) values.set(key, 0);
  return [...values];
}

/**
 * The attempts by pod and status, and their numbers in each bucket by pod.
 *
 * @param {readonly [string, number][]} counters
 */
function sumAttempts(counters) {
  /** @type {Map<string, number>} */
  const attempts = new Map();
  /** @type {Map<string, number[]>} */
  const buckets = new Map();
  for (const [key, value] of counters) {
    const [pod = "", status = "", bucket = ""] = key.split("|");
    const id = `${pod}|${status}`;
    attempts.set(id, (attempts.get(id) || 0) + value);
    if (bucket === "") continue;
    const counts = buckets.get(pod) || Array(bucketEnds.length + 1).fill(0);
    counts[Number(bucket)] += value;
    buckets.set(pod, counts);
  }
  return { attempts, buckets };
}

/**
 * @param {Record<string, string>} labels
 * @param {readonly number[]} counts
 * @param {number} sum
 */
function histogram(labels, counts, sum) {
  let count = 0;
  const buckets = counts.map((value, index) => {
    count += value;
    const end = bucketEnds[index];
    return sample({ ...labels, le: end === undefined ? "+Inf" : String(end / 1000) }, count, "_bucket");
  });
  return [...buckets, sample(labels, sum, "_sum"), sample(labels, count, "_count")];
}

/**
 * A sample without the metric's name.
 *
 * @param {Record<string, string>} labels
 * @param {number | undefined} value
 * @param {string} suffix
 */
function sample(labels, value, suffix = "") {
  const list = Object.entries(labels).map(([name, text]) => `${name}="${text}"`);
  return `${suffix}${list.length === 0 ? "" : `{${list.join(",")}}`} ${value}\n`;
}

/**
 * @param {string} name
 * @param {string} type
 * @param {string} help
 * @param {readonly string[]} samples
 */
function family(name, type, help, samples) {
  return [`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`, ...samples.map((text) => name + text)].join("");
}

export default { serve };

// @ts-check
// Runs in Nginx (njs with the engine QuickJS), which knows the module only by this name.
// biome-ignore lint/style/useNodejsImportProtocol: njs has no modules with the prefix.
import fs from "fs";
import { bucketEnds, eachAttempt, learnedSeconds, now, sharedCounters } from "./counters.js";

/**
 * Lines of Nginx's log: `>`, and addresses | statuses | status of the response | result of the cache | seconds to the header.
 * On a full volume a line ends anywhere, and the next one follows without a line break.
 */
const logFile = "/tmp/metrics.log";
const chunkBytes = 64 * 1024;
/** Size from which on a log that is read to its end is emptied. */
const emptiedBytes = 4 * 1024 * 1024;
/** Size at which the log is emptied in any case, so that it never fills the volume. */
const largestBytes = 16 * 1024 * 1024;
/** Bytes that one call reads at most: the worker process serves no request in this time. */
const bytesPerCall = 512 * 1024;

/** Counts the new lines of the log. It is called several times a second, in one worker process. */
function collect() {
  const counters = sharedCounters();
  const position = counters.get("position");
  const { size } = fs.statSync(logFile);
  // What an earlier Nginx of this pod has logged was counted by it.
  if (position === undefined || size > largestBytes || (size >= emptiedBytes && position === size)) {
    fs.writeFileSync(logFile, "");
    counters.set("position", 0);
  } else if (size > position) {
    const { lines, end } = read(position);
    save(counters, count(lines), end);
  }
}

/**
 * Reads the complete lines from a position on. Equal lines are frequent, so each is parsed once.
 *
 * @param {number} start
 */
function read(start) {
  /** @type {Map<string, number>} */
  const lines = new Map();
  const file = fs.openSync(logFile, "r");
  const buffer = Buffer.alloc(chunkBytes);
  let end = start;
  while (end - start < bytesPerCall) {
    const length = fs.readSync(file, buffer, 0, chunkBytes, end);
    // Nginx writes ASCII only: addresses, numbers and names of its own.
    const text = buffer.toString("utf8", 0, length);
    const complete = text.lastIndexOf("\n");
    if (complete < 0) break;
    for (const line of text.slice(0, complete).split("\n")) lines.set(line, (lines.get(line) || 0) + 1);
    end += complete + 1;
  }
  fs.closeSync(file);
  return { lines, end };
}

/** A whole line after its `>`. The address of no pod is the upstream's name. */
const format = (() => {
  const address = "(?:\\d{1,3}(?:\\.\\d{1,3}){3}:\\d{1,5}|\\[[0-9a-f:.]{2,45}\\]:\\d{1,5}|[a-z][-a-z0-9_]*)";
  const list = (/** @type {string} */ item) => `(?:${item}(?:(?: : |, )${item})*)?`;
  const fields = [list(address), list("(?:\\d{1,3}|-)"), "\\d{3}", "[A-Z]*", list("(?:\\d+\\.\\d{3}|-)")];
  return new RegExp(`^${fields.join("\\|")}$`);
})();

/** Classes of statuses by their first digit. @type {Record<string, string>} */
const classes = { 1: "1xx", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx" };

/**
 * Counts lines. Lines that differ only in the time are parsed together: parsing takes five times as long as the rest.
 *
 * @param {ReadonlyMap<string, number>} lines how often each line occurs
 */
export function count(lines) {
  /** @type {Map<string, Map<string, number>>} */
  const groups = new Map();
  let cut = 0;
  lines.forEach((times, text) => {
    const start = text.lastIndexOf(">");
    const line = text.slice(start + 1);
    const isWhole = start >= 0 && format.test(line);
    // A line that was cut has the next one after it.
    if (start !== 0 || !isWhole) cut += times;
    if (!isWhole) return;
    const end = line.lastIndexOf("|");
    const head = line.slice(0, end);
    let seconds = groups.get(head);
    if (seconds === undefined) {
      seconds = new Map();
      groups.set(head, seconds);
    }
    const list = line.slice(end + 1);
    seconds.set(list, (seconds.get(list) || 0) + times);
  });
  /** @type {Map<string, number>} */
  const sums = new Map();
  if (cut > 0) sums.set("d|", cut);
  groups.forEach((seconds, head) => {
    addRequests(sums, head, seconds);
  });
  return sums;
}

/**
 * Adds the counters of requests that differ only in the times of their attempts.
 *
 * @param {Map<string, number>} sums
 * @param {string} head
 * @param {ReadonlyMap<string, number>} seconds how often each list of times occurs
 */
function addRequests(sums, head, seconds) {
  const [addresses = "", statuses = "", status = "", cache = ""] = head.split("|");
  const isFill = cache === "FILL";
  const isCached = cache !== "" && !isFill;
  let requests = 0;
  let own = 0;
  seconds.forEach((times, list) => {
    requests += times;
    // A pod that responded has a time to its header, also if a condition of the client makes its 200 a 304.
    if (list === "" || list[list.length - 1] === "-") own += times;
  });
  if (!isFill) add(sums, `c|${classOf(status)}`, requests);
  if (isCached) add(sums, `h|${cache}`, requests);
  if (own > 0 && !(isCached && addresses === "")) add(sums, `o|${status}`, own);
  // Responses that are kept come from a server of the gateway itself, which has lines of its own.
  if (isCached || addresses === "") return;
  if (addresses.indexOf(" ") < 0) {
    addAttempts(sums, addresses, statuses, seconds);
    return;
  }
  const allStatuses = eachAttempt(statuses);
  seconds.forEach((times, list) => {
    const allSeconds = eachAttempt(list);
    eachAttempt(addresses).forEach((address, index, all) => {
      const attempt = new Map([[allSeconds[index] || "-", times]]);
      const pod = addAttempts(sums, address, allStatuses[index] || "", attempt);
      if (pod !== undefined && index < all.length - 1) add(sums, `r|${pod}`, times);
    });
  });
}

/**
 * Adds the counters of attempts with one status at one pod, and returns the pod's address.
 *
 * @param {Map<string, number>} sums
 * @param {string} address
 * @param {string} status
 * @param {ReadonlyMap<string, number>} seconds
 */
function addAttempts(sums, address, status, seconds) {
  const end = address.lastIndexOf(":");
  // The upstream's name instead of an address: Nginx knew no pod.
  if (end < 0) return undefined;
  const pod = address.slice(0, end);
  const isNumber = (status[0] || "") in classes;
  /** @type {number[]} */
  const buckets = Array(bucketEnds.length + 1).fill(0);
  let milliseconds = 0;
  seconds.forEach((times, time) => {
    if (time === "-" || time === "") {
      add(sums, `a|${pod}|${isNumber ? "failed" : "aborted"}|`, times);
    } else {
      const value = Math.round(Number(time) * 1000);
      const bucket = bucketOf(value);
      buckets[bucket] = (buckets[bucket] || 0) + times;
      milliseconds += value * times;
    }
  });
  buckets.forEach((times, bucket) => {
    if (times > 0) add(sums, `a|${pod}|${classOf(status)}|${bucket}`, times);
  });
  if (milliseconds > 0) add(sums, `m|${pod}`, milliseconds);
  sums.set(`t|${pod}`, 0);
  return pod;
}

/** @param {string} status */
function classOf(status) {
  return classes[status[0] || ""] || "other";
}

/** @param {Map<string, number>} sums @param {string} key @param {number} value */
function add(sums, key, value) {
  sums.set(key, (sums.get(key) || 0) + value);
}

/** @param {number} milliseconds */
function bucketOf(milliseconds) {
  let index = 0;
  while (index < bucketEnds.length && milliseconds > (bucketEnds[index] || 0)) index++;
  return index;
}

/**
 * @param {import("./counters.js").Counters} counters
 * @param {Map<string, number>} sums
 * @param {number} position
 */
function save(counters, sums, position) {
  counters.set("position", position);
  try {
    sums.forEach((value, key) => {
      if (key[0] === "t") saveTraffic(counters, key.slice(2));
      else counters.incr(key, value, 0);
    });
  } catch {
    // No room for more pods: all counters begin again, as after a restart.
    counters.clear();
    counters.set("position", position);
  }
}

/**
 * Another pod may have got the address of a pod that had no traffic for a while.
 *
 * @param {import("./counters.js").Counters} counters
 * @param {string} pod
 */
function saveTraffic(counters, pod) {
  const last = counters.get(`t|${pod}`);
  if (last !== undefined && last < now() - learnedSeconds) counters.delete(`i|${pod}`);
  counters.set(`t|${pod}`, now());
}

export default { collect };

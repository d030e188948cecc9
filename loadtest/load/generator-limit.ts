import type { LoadResult } from "./load-result.ts";

const busiest = 0.95;
/** Share of the requests that may wait for a free connection when the time is over. */
const backlogShare = 0.01;
/** Own delays below these are not worth a word, whatever the stack's latency. */
const lagWorthMs = 10;
const lateWorthMs = 5;

/**
 * Why a scenario's figures are the generator's rather than the stack's, and what to do; undefined when they are not. The
 * generator is the limit when one of its threads has no time left, when its own delay is half of what it measured, or
 * when requests that were due found no connection to go out on.
 */
export function generatorLimit(load: LoadResult): string | undefined {
  const { generator, latency, scenario, connections, offeredPerSecond } = load;
  if (offeredPerSecond !== null) {
    const due = offeredPerSecond * load.durationSeconds;
    if (generator.backlog > Math.max(1, due * backlogShare) || load.notSent > 0) {
      const waiting = Math.max(generator.backlog, load.notSent).toLocaleString("en-US");
      return `the load generator was the limit in ${scenario}: ${waiting} of ${due.toFixed(0)} requests still waited for one of ${connections} connections at the end; raise --connections, or lower --rate if more of them do not help`;
    }
  }
  if (generator.utilization > busiest) {
    const busy = (generator.utilization * 100).toFixed(0);
    return `the load generator was the limit in ${scenario}: a thread of it was ${busy} % busy; raise --threads, or load from a machine with more cores`;
  }
  const delays = [
    { what: "its event loop came", ms: generator.lagP99Ms, worth: lagWorthMs },
    { what: "it saw to requests", ms: generator.lateP99Ms ?? 0, worth: lateWorthMs },
  ];
  for (const { what, ms, worth } of delays) {
    if (ms <= worth || ms <= latency.p99Ms / 2) continue;
    return `the load generator was the limit in ${scenario}: ${what} ${ms.toFixed(1)} ms late (p99), of a measured p99 of ${latency.p99Ms.toFixed(1)} ms; the machine has too little time for it`;
  }
  return undefined;
}

import type { LoadResult } from "../report/schema/scenario.ts";

const maxUtilization = 0.95;
/** Share of the requests that may wait for a free connection at the end. */
const backlogShare = 0.01;
/** Delays of the generator up to these do not matter. */
const toleratedLagMs = 10;
const toleratedLateMs = 5;

/**
 * Whether the load generator was the limit in a scenario: one of its threads had no time left, its own delay was more than
 * half of the measured latency, or due requests found no free connection.
 *
 * @returns the reason and what to do; undefined when it was not the limit
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
  if (generator.utilization > maxUtilization) {
    const busy = (generator.utilization * 100).toFixed(0);
    return `the load generator was the limit in ${scenario}: a thread of it was ${busy} % busy; raise --threads, or load from a machine with more cores`;
  }
  const delays = [
    { what: "its event loop came", ms: generator.lagP99Ms, toleratedMs: toleratedLagMs },
    { what: "it sent requests", ms: generator.lateP99Ms ?? 0, toleratedMs: toleratedLateMs },
  ];
  for (const { what, ms, toleratedMs } of delays) {
    if (ms <= toleratedMs || ms <= latency.p99Ms / 2) continue;
    return `the load generator was the limit in ${scenario}: ${what} ${ms.toFixed(1)} ms late (p99), of a measured p99 of ${latency.p99Ms.toFixed(1)} ms; the machine has too little time for it`;
  }
  return undefined;
}

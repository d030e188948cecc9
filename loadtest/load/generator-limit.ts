import { type LoadOfTurn, nameOfTurn } from "./turn-name.ts";

const maxUtilization = 0.95;
/** Delays of the generator up to these do not matter. */
const toleratedLagMs = 10;
const toleratedLateMs = 5;

/**
 * Whether the load generator was the limit in a scenario: one of its threads had no time left, or its own delay was more
 * than half of the measured latency. Due requests that wait while all connections are busy and the generator has time are
 * the stack's doing (docs/decisions.md#overload-at-a-fixed-rate).
 *
 * @returns the reason and what to do; undefined when it was not the limit
 */
export function generatorLimit(load: LoadOfTurn): string | undefined {
  const { generator, latency } = load;
  const where = `the load generator was the limit in ${nameOfTurn(load)}`;
  if (generator.utilization > maxUtilization) {
    const busy = (generator.utilization * 100).toFixed(0);
    return `${where}: a thread of it was ${busy} % busy; raise --threads, or load from a machine with more cores`;
  }
  const delays = [
    { what: "its event loop came", ms: generator.lagP99Ms, toleratedMs: toleratedLagMs },
    { what: "it sent requests", ms: generator.lateP99Ms ?? 0, toleratedMs: toleratedLateMs },
  ];
  for (const { what, ms, toleratedMs } of delays) {
    if (ms <= toleratedMs || ms <= latency.p99Ms / 2) continue;
    return `${where}: ${what} ${ms.toFixed(1)} ms late (p99), of a measured p99 of ${latency.p99Ms.toFixed(1)} ms; the machine has too little time for it`;
  }
  return undefined;
}

/** Due requests that waited for a connection, as a hint for a reader of a failed gate; empty when there were none. */
export function backlogText({ generator, notSent, connections }: LoadOfTurn): string {
  const waiting = Math.max(generator.backlog, notSent);
  if (waiting === 0) return "";
  return `${waiting.toLocaleString("en-US")} due requests waited for one of ${connections} busy connections; if the stack carries more of them, raise --connections`;
}

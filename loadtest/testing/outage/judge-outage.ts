/** A response or its absence. */
export interface Outcome {
  /** When the request was sent, epoch ms. */
  sentMs: number;
  /** HTTP status; 0: no response. */
  status: number;
  /** `X-Cache` of a response, or why there is no response. */
  detail: string;
}

/** What happened to one pod during the outage. */
export interface PodOutcome {
  name: string;
  role: string;
  restarts: number;
  lastEnd?: string | undefined;
}

/** Everything that was seen during one outage of the database. */
export interface OutageRecord {
  /** From when the database was scaled to 0, epoch ms. */
  fromMs: number;
  /** When its pod was ready again, epoch ms; undefined: never. */
  readyMs: number | undefined;
  reads: readonly Outcome[];
  writes: readonly Outcome[];
  pods: readonly PodOutcome[];
  /** Containers that waited in back-off, as `pod/container`. */
  backOffs: ReadonlySet<string>;
}

/** Longest time from the ready database to writes that all succeed. */
export const recoveryMs = 5000;

/** What an outage must not do. @returns a sentence for each violation; empty when the stack held */
export function judgeOutage({ fromMs, readyMs, reads, writes, pods, backOffs }: OutageRecord): string[] {
  const failures: string[] = [];
  const failedReads = reads.filter(({ status }) => status !== 200);
  const [first] = failedReads;
  if (first)
    failures.push(
      `${failedReads.length} of ${reads.length} reads were not 200: first after ${seconds(first.sentMs - fromMs)}, ${countsOf(failedReads)}`,
    );
  if (!reads.some(({ detail, sentMs }) => detail === "STALE" && sentMs >= fromMs))
    failures.push(
      "no read was STALE: the outage must last longer than api.cacheTtlSeconds, with which values expire",
    );
  if (!writes.some(({ status, sentMs }) => status === 503 && sentMs >= fromMs))
    failures.push("no write got a 503: the database was not away");
  for (const { name, role, restarts, lastEnd } of pods)
    if (role !== "database" && restarts > 0) failures.push(`${name} restarted ${restarts} times: ${lastEnd}`);
  for (const container of backOffs) failures.push(`${container} waited in back-off`);
  return [...failures, ...recoveryFailures(writes, readyMs)];
}

function recoveryFailures(writes: readonly Outcome[], readyMs: number | undefined): string[] {
  if (readyMs === undefined) return ["the database did not become ready again"];
  const late = writes.filter(({ sentMs }) => sentMs > readyMs + recoveryMs);
  if (late.length === 0) return ["no write was sent after the database's recovery"];
  const failed = late.filter(({ status }) => !isGood(status));
  const last = failed.at(-1);
  if (!last) return [];
  return [
    `writes failed until ${seconds(last.sentMs - readyMs)} after the database was ready, not ${seconds(recoveryMs)}: ${countsOf(failed)}`,
  ];
}

/** Time from the ready database to the first write of those that then all succeeded, in ms; 0 at least. */
export function recoveredAfterMs(writes: readonly Outcome[], readyMs: number): number | undefined {
  const lastBad = writes.findLastIndex(({ status }) => !isGood(status));
  const next = writes[lastBad + 1];
  return next && Math.max(0, next.sentMs - readyMs);
}

/** Counts of equal outcomes, as `200 HIT × 12, 503 × 3`. */
export function countsOf(outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const { status, detail } of outcomes) {
    const key = `${status || "no response"} ${detail}`.trimEnd();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key} × ${count}`).join(", ");
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

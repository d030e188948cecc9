import { type Finding, noneFailed, seconds, spread } from "./finding.ts";
import { notJson } from "./load.ts";
import { type FailedRequest, isShed, reasonsOf } from "./outcomes.ts";

/** When something happened to a pod, epoch ms; undefined: it has not. */
export interface PodTimes {
  name: string;
  /** Whether it was ready before the first look. */
  wasThere?: boolean;
  readyMs?: number;
  firstRequestMs?: number;
  /** When its removal began. */
  removedMs?: number;
  countedAfterRemoval?: boolean;
  lastRequestMs?: number;
  goneMs?: number;
}

/** A time without pods: from the change of the replicas to 0 until a pod was ready again. */
export interface Gap {
  fromMs: number;
  /** When a pod was ready. */
  readyMs: number;
}

/** What happened during the changes of the replicas. */
export interface MembershipRecord {
  pods: readonly PodTimes[];
  gaps: readonly Gap[];
  sent: number;
  failures: readonly FailedRequest[];
  /** Time between the removal of a pod and the end of its listening. */
  listensForMs: number;
}

/** Longest time from a ready pod to its first request, and from the first ready pod after a gap to the last error. */
export const joinMs = 2000;
const part = "membership";

/** The findings of a record. */
export function judgeMembership({ pods, gaps, sent, failures, listensForMs }: MembershipRecord): Finding[] {
  const gapOf = ({ sentMs }: FailedRequest) =>
    gaps.find(({ fromMs, readyMs }) => sentMs >= fromMs && sentMs <= readyMs + joinMs);
  const outside = failures.filter((failure) => gapOf(failure) === undefined);
  const inGaps = failures.filter((failure) => gapOf(failure) !== undefined);
  const wrong = inGaps.filter(({ status, detail }) => status !== 503 || detail.startsWith(notJson));
  return [
    joined(pods, gaps),
    left(pods, listensForMs),
    noneFailed(part, "requests while there are pods", {
      sent: sent - inGaps.length,
      failed: outside.length,
      reasons: reasonsOf(outside),
    }),
    {
      part,
      check: "responses without pods",
      measured: `${inGaps.length - wrong.length} × 503 in JSON, ${wrong.length} others`,
      details: reasonsOf(wrong),
      target: "503 in the API's form",
      isMet: wrong.length === 0 && inGaps.length > 0,
    },
    recovered(gaps, failures),
  ];
}

/** Pods that become ready within a gap have no others beside them: the recovery counts for these. */
function joined(pods: readonly PodTimes[], gaps: readonly Gap[]): Finding {
  const added = pods.filter(
    ({ wasThere, readyMs, removedMs }) =>
      readyMs !== undefined &&
      !wasThere &&
      // A pod that is removed at once may get no request.
      (removedMs === undefined || removedMs - readyMs > joinMs) &&
      gaps.every((gap) => readyMs < gap.fromMs || readyMs > gap.readyMs),
  );
  const times = added.flatMap(({ readyMs, firstRequestMs }) =>
    readyMs === undefined || firstRequestMs === undefined ? [] : [firstRequestMs - readyMs],
  );
  const never = added.length - times.length;
  return {
    part,
    check: `from a ready pod to its first request, ${added.length} pods`,
    measured: `${spread(times)}${never === 0 ? "" : `; ${never} got none`}`,
    target: `≤ ${seconds(joinMs)}`,
    isMet: times.length > 0 && never === 0 && Math.max(...times) <= joinMs,
    values: times,
  };
}

function left(pods: readonly PodTimes[], listensForMs: number): Finding {
  const removed = pods.filter(({ readyMs, removedMs }) => readyMs !== undefined && removedMs !== undefined);
  const times = removed.map(({ removedMs, lastRequestMs }) =>
    removedMs === undefined || lastRequestMs === undefined ? 0 : lastRequestMs - removedMs,
  );
  return {
    part,
    check: `from a pod's removal to its last request, ${removed.length} pods`,
    measured: spread(times),
    target: `< ${seconds(listensForMs)}, when it stops listening`,
    isMet: times.length > 0 && Math.max(...times) < listensForMs,
    values: times,
  };
}

/** A pod that refuses a request when it has too many is there, so that such a refusal does not count. */
function recovered(gaps: readonly Gap[], failures: readonly FailedRequest[]): Finding {
  const times = gaps.map(({ fromMs, readyMs }, index) => {
    const untilMs = gaps[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
    const isOfGap = ({ sentMs }: FailedRequest) => sentMs >= fromMs && sentMs < untilMs;
    const last = failures.filter((failure) => isOfGap(failure) && !isShed(failure)).at(-1);
    return last === undefined ? 0 : Math.max(0, last.sentMs - readyMs);
  });
  return {
    part,
    check: `from the first ready pod to the last 503, ${gaps.length} times`,
    measured: spread(times),
    target: `≤ ${seconds(joinMs)}`,
    isMet: times.length > 0 && Math.max(...times) <= joinMs,
    values: times,
  };
}

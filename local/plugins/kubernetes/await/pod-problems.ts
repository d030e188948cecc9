import { type Manifest, metadataOf } from "../manifest.ts";

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: {
    readonly reason?: string;
    readonly message?: string;
    readonly exitCode?: number;
    readonly signal?: number;
  };
}
interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}
interface Pod {
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** Something that keeps a pod from being ready. */
export interface PodProblem {
  readonly pod: string;
  /** Set where the container's log may show why; `previous` when a restart has begun a new one. */
  readonly log?: { readonly container: string; readonly previous: boolean };
  readonly text: string;
}

/** Reasons for waiting that pass by themselves. */
const ordinary = new Set(["ContainerCreating", "PodInitializing"]);

/** What is wrong with `object`, a Pod; empty for one that is fine or, unless `starting` asks for it, only starting. */
export function podProblems(object: Manifest, { starting }: { starting: boolean }): PodProblem[] {
  const { status = {} } = object as Pod;
  const { name: pod = "", deletionTimestamp } = metadataOf(object);
  if (deletionTimestamp || status.phase === "Succeeded") return [];
  const problems: PodProblem[] = [];
  for (const { type, status: state, reason, message } of status.conditions ?? []) {
    if (type === "PodScheduled" && state === "False") {
      problems.push({ pod, text: `unscheduled: ${[reason, message].filter(Boolean).join(": ")}` });
    }
  }
  if (status.reason) {
    problems.push({ pod, text: [status.reason, status.message].filter(Boolean).join(": ") });
  }
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  for (const container of containers) {
    const problem = containerProblem(container, starting);
    if (problem) problems.push({ pod, ...problem });
  }
  return problems;
}

function containerProblem(
  container: ContainerStatus,
  starting: boolean,
): Omit<PodProblem, "pod"> | undefined {
  const { name, state = {}, lastState = {}, restartCount = 0 } = container;
  const prefix = `container "${name}" `;
  const waitingReason = state.waiting?.reason;
  const ended = state.terminated ?? lastState.terminated;
  if (ended && ended.exitCode !== 0) {
    const restarts = restartCount > 0 ? `, restarted ${restartCount} times` : "";
    const now = waitingReason && !ordinary.has(waitingReason) ? ` (${waitingReason})` : "";
    return {
      text: `${prefix}terminated: ${ended.reason ?? "Error"} with exit code ${ended.exitCode}${restarts}${now}`,
      log: { container: name, previous: state.terminated === undefined },
    };
  }
  if (waitingReason && (starting || !ordinary.has(waitingReason))) {
    return {
      text: `${prefix}waiting: ${[waitingReason, state.waiting?.message].filter(Boolean).join(": ")}`,
    };
  }
  if (state.running && container.ready === false) {
    return { text: `${prefix}running but not ready`, log: { container: name, previous: false } };
  }
  return undefined;
}

/** Problems as lines, the same problem of several pods once: `[Pod a, b] container …`. */
export function problemLines(problems: readonly PodProblem[]): string[] {
  const pods = new Map<string, string[]>();
  for (const { pod, text } of problems) {
    // Messages name the pod itself, which would make equal problems differ.
    const generic = text.replaceAll(pod, "<pod>");
    pods.set(generic, [...(pods.get(generic) ?? []), pod]);
  }
  return [...pods].map(([text, names]) => `[Pod ${names.join(", ")}] ${text}`);
}

import type { V1Container, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";

/** One container of a pod, as the API server lists it. */
export interface PodContainer {
  name: string;
  /**
   * `main`: the container that the pod is for; `init`: it ends before the others start. All others, the init containers
   * that go on running included, are sidecars.
   */
  kind: "main" | "sidecar" | "init";
  status: V1ContainerStatus;
  isRunning: boolean;
  /** Null: no limit. */
  memoryLimitBytes: number | null;
}

/**
 * All containers of a pod that have a status.
 *
 * @param mainName name of the main container; without such a container the first one is it
 */
export function containersOf({ spec, status }: V1Pod, mainName: string): PodContainer[] {
  const statuses = status?.containerStatuses ?? [];
  const main = statuses.find(({ name }) => name === mainName) ?? statuses[0];
  const specOf = (all: readonly V1Container[] | undefined, name: string) =>
    all?.find((each) => each.name === name);
  const describe = (
    each: V1ContainerStatus,
    kind: PodContainer["kind"],
    container: V1Container | undefined,
  ): PodContainer => ({
    name: each.name,
    kind,
    status: each,
    isRunning: each.state?.running !== undefined,
    memoryLimitBytes: bytesOf(container?.resources?.limits?.memory),
  });
  return [
    ...statuses.map((each) =>
      describe(each, each === main ? "main" : "sidecar", specOf(spec?.containers, each.name)),
    ),
    ...(status?.initContainerStatuses ?? []).map((each) => {
      const container = specOf(spec?.initContainers, each.name);
      return describe(each, container?.restartPolicy === "Always" ? "sidecar" : "init", container);
    }),
  ];
}

const powers: Record<string, number> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** Bytes of a quantity of Kubernetes such as `64Mi`; null when it is missing or has another form. */
export function bytesOf(quantity: string | undefined): number | null {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(k|[MGT]|[KMGT]i)?$/.exec(quantity ?? "") ?? [];
  return amount === undefined ? null : Number(amount) * (powers[unit] ?? Number.NaN);
}

/** One end of a container. */
export interface ContainerEnd {
  id: string;
  oom: boolean;
  text: string;
}

/** The ends that a container's status shows. The end of an init container that has done its work is none. */
export function endsOf({ status, kind }: Pick<PodContainer, "status" | "kind">): ContainerEnd[] {
  return [status.state?.terminated, status.lastState?.terminated].flatMap((ended) => {
    if (!ended || (kind === "init" && ended.exitCode === 0)) return [];
    const { reason = "ended", exitCode } = ended;
    const id = ended.containerID ?? `${status.restartCount}/${String(ended.finishedAt)}`;
    return [{ id, oom: reason === "OOMKilled", text: `${reason}, exit code ${exitCode}` }];
  });
}

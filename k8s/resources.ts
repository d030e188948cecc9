import type { ContainerConfig } from "../config/sections/container.ts";
import { type Bytes, formatMillicpu, MiB } from "../config/units.ts";

/** Requests and limits of a container. The memory request equals the limit, so that pods cannot overcommit a node. */
export function resources(container: ContainerConfig) {
  const memory = quantity(container.memory);
  return {
    requests: { cpu: formatMillicpu(container.cpuRequest), memory },
    limits: { cpu: formatMillicpu(container.cpu), memory },
  };
}

/** Formats bytes as a Kubernetes quantity: `192Mi`, or plain bytes if they are not a multiple of 1 MiB. */
export function quantity(bytes: Bytes): string {
  return bytes % MiB === 0 ? `${bytes / MiB}Mi` : String(bytes);
}

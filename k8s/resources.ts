import type { types } from "@pulumi/kubernetes";
import type { ContainerConfig } from "../config/sections/container.ts";
import type { Bytes } from "../config/units.ts";
import { formatMillicpu } from "../config/units.ts";

/** Requests and limits; memory is requested in full, so that the node never runs out under the limits. */
export function resources(container: ContainerConfig): types.input.core.v1.ResourceRequirements {
  const memory = quantity(container.memory);
  return {
    requests: { cpu: formatMillicpu(container.cpuRequest), memory },
    limits: { cpu: formatMillicpu(container.cpu), memory },
  };
}

/** Bytes in Kubernetes' spelling: `192Mi`, or plain bytes where that would leave a fraction. */
export function quantity(bytes: Bytes): string {
  const MiB = 1024 ** 2;
  return bytes % MiB === 0 ? `${bytes / MiB}Mi` : String(bytes);
}

import { cpu, size } from "../options/scalars.ts";
import type { Bytes, Millicpu } from "../units.ts";

/** Memory and CPU of a workload's container. */
export interface ContainerConfig {
  /** Memory request and limit. */
  memory: Bytes;
  /** CPU limit. */
  cpu: Millicpu;
  /** CPU request, which the scheduler reserves. */
  cpuRequest: Millicpu;
}

/** Defaults of a container and the smallest memory that its program starts with. */
interface ContainerDefaults {
  minMemory: string;
  memory: string;
  cpu: string;
  cpuRequest: string;
  /** Sentence about other values that follow from the memory limit. */
  memoryDoc?: string;
}

/** The options for memory and CPU that every workload has. */
export function container({ minMemory, memory, cpu: limit, cpuRequest, memoryDoc = "" }: ContainerDefaults) {
  return {
    memory: size({ min: minMemory, default: memory, doc: `Memory request and limit of each pod's main container.${memoryDoc}` }),
    cpu: cpu({ min: "10m", default: limit, doc: "CPU limit of each pod's main container." }),
    cpuRequest: cpu({ min: "1m", default: cpuRequest, doc: "CPU that the scheduler reserves for each pod's main container; at most the limit." }),
  };
}

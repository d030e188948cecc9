import { changeFaults } from "./change-faults.ts";
import type { RedisFault } from "./fault.ts";
import { podFaults } from "./pod-faults.ts";

/** All faults, in the order in which they are injected. */
export const faults: readonly RedisFault[] = [...podFaults, ...changeFaults];

/** Name of a fault, as `--only` takes it. */
export type RedisFaultName = string;

export const faultNames: readonly RedisFaultName[] = faults.map(({ name }) => name);

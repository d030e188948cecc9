/** Responses of probes: docs/parts.md#health of Breakwater. */

export {
  Health,
  type HealthParts,
  type PartHealth,
  type ProbeResponse,
} from "../runtime/lifecycle/health.ts";

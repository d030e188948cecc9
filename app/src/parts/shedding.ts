/** Load shedding: docs/parts.md#shedding of Breakwater. */

export { Shedding, type SheddingParts } from "../runtime/lifecycle/shedding.ts";

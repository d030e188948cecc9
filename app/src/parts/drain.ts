/** A stop that loses no request: docs/parts.md#drain of Breakwater. */

export { closeWhenIdle, closeWithResponses } from "../runtime/lifecycle/connection-drain.ts";
export { type ShutdownParts, shutDown } from "../runtime/lifecycle/shutdown.ts";

import * as pulumi from "@pulumi/pulumi";

/**
 * Stops Pulumi from recording where this program declares each resource. The engine makes these paths relative to the
 * folder that it was started in, so the state names the checkout's folder when that was reached by a symbolic link
 * (docs/decisions.md#no-paths-in-the-state). Only the stack itself is registered before the program loads; its position is
 * in the SDK.
 *
 * @throws {Error} when this version of the SDK reads the frames of a stack by other means.
 */
export function recordNoPositions(): void {
  const name = "framePositionRegExp";
  if (!(Reflect.get(pulumi.Resource, name) instanceof RegExp))
    throw new Error(`@pulumi/pulumi's Resource has no ${name}; see k8s/source-positions.ts`);
  const matchesNothing = /(?!)/;
  Reflect.set(pulumi.Resource, name, matchesNothing);
}

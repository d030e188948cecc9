import type { ReleaseOverlay, ReleasePools } from "../contract/release-overlay.ts";
import type { Release } from "./record.ts";

/**
 * What `pulumi up` deploys while a release is at a step. It follows from the record alone, so a step that is done again
 * deploys the same.
 *
 * @returns undefined once the release has ended: stack config alone decides
 */
export function overlayOf(release: Release): ReleaseOverlay | undefined {
  const { id, old, next, kitImage } = release;
  if (release.step === "ended") return undefined;
  const pools = poolsOf(release);
  const leaves = pools !== null && (pools.keepsCanary || pools.canaryReplicas === 0);
  return {
    releaseId: id,
    image: leaves ? null : next.image,
    stableImage: old.image,
    pools,
    kitImage: pools === null ? null : kitImage,
  };
}

function poolsOf(release: Release): ReleasePools | null {
  const { step, stableReplicas, canaryReplicas, canaryWeight, heldAt } = release;
  const beside = { stableWeight: 100, stableReplicas, canaryWeight: 0, canaryReplicas, keepsCanary: false };
  switch (step) {
    case "canary-up":
    case "compare":
      return beside;
    case "canary-traffic":
    case "canary-gate":
      return { ...beside, stableWeight: 100 - canaryWeight, canaryWeight };
    case "hold":
    case "held":
      // A version that was not compared with the old one yet gets no traffic.
      return heldAt === "compare" ? beside : { ...beside, stableWeight: 100 - canaryWeight, canaryWeight };
    case "promote":
    case "full-gate":
      return { ...beside, stableWeight: 0, canaryWeight: 100, canaryReplicas: stableReplicas };
    case "weights-back":
      return { ...beside, keepsCanary: true };
    case "remove-canary":
    case "back-gate":
      return { ...beside, canaryReplicas: 0, keepsCanary: true };
    case "settle":
    case "ended":
      return null;
  }
}

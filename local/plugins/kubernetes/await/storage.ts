import type { Manifest } from "../manifest.ts";
import { type AwaitRule, ready, waiting } from "./verdict.ts";

interface Claim {
  readonly spec?: { readonly storageClassName?: string };
  readonly status?: { readonly phase?: string };
}

/** The claim is bound, or waits by its class's own rule for the first pod that uses it. */
export const persistentVolumeClaim: AwaitRule = {
  related(object) {
    const name = (object as Claim).spec?.storageClassName;
    if (!name) return undefined;
    const query = { fieldSelector: `metadata.name=${name}` };
    return { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", query };
  },
  judge(object, classes) {
    const { phase = "Pending" } = (object as Claim).status ?? {};
    if (phase === "Bound") return ready;
    if (phase === "Lost") return { state: "failed", reasons: ["the claim's volume does not exist any more"] };
    const waitsForPod = classes.some((found: Manifest) => found.volumeBindingMode === "WaitForFirstConsumer");
    if (phase === "Pending" && waitsForPod) return ready;
    return waiting(`Waiting for the claim to be bound (${phase})`);
  },
};

import type { Query } from "../api-client.ts";
import type { Manifest } from "../manifest.ts";

/** How far an object is. */
export type Verdict =
  | { readonly state: "ready" }
  /** `message` says what for, as a progress line. */
  | { readonly state: "waiting"; readonly message: string }
  /** It will not become ready by itself. */
  | { readonly state: "failed"; readonly reasons: readonly string[] };

export const ready: Verdict = { state: "ready" };
export const waiting = (message: string): Verdict => ({ state: "waiting", message });

/** Other objects that the verdict on one depends on. */
export interface Related {
  readonly apiVersion: string;
  readonly kind: string;
  readonly query: Query;
}

/** When an object of some kind is ready. */
export interface AwaitRule {
  /** `related` are the objects that `related` below selects. */
  judge(object: Manifest, related: readonly Manifest[]): Verdict;
  /** Undefined when the object speaks for itself. */
  related?(object: Manifest): Related | undefined;
  /** How long it has to stay ready with nothing happening; 0 when absent. */
  settleMs?(object: Manifest): number;
  /** Labels of the pods that it runs, whose problems are reported during the wait. */
  podLabels?(object: Manifest): Record<string, string> | undefined;
}

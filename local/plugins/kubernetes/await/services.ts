import { type Manifest, metadataOf } from "../manifest.ts";
import { isEmpty } from "../normalize.ts";
import { type AwaitRule, ready, waiting } from "./verdict.ts";

interface Service {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly selector?: Record<string, string>;
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly object[] } };
}
interface EndpointSlice {
  readonly endpoints?: readonly {
    readonly conditions?: { readonly ready?: boolean; readonly terminating?: boolean };
  }[];
}

/** Pods come and go in bursts: only after this long without a change do the endpoints count as settled. */
const settleMs = 10_000;

/** Headless services may have no ready pods on purpose, and the others name none. */
function needsEndpoints(object: Manifest): boolean {
  const { spec = {} } = object as Service;
  return spec.type !== "ExternalName" && spec.clusterIP !== "None" && !isEmpty(spec.selector);
}

/** The Service has endpoints, none of them not ready, and a load balancer's address if it is of that type. */
export const service: AwaitRule = {
  podLabels: (object) => (needsEndpoints(object) ? (object as Service).spec?.selector : undefined),
  settleMs: (object) => (needsEndpoints(object) ? settleMs : 0),
  related(object) {
    if (!needsEndpoints(object)) return undefined;
    const labelSelector = `kubernetes.io/service-name=${metadataOf(object).name}`;
    return { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", query: { labelSelector } };
  },
  judge(object, related) {
    const { spec = {}, status } = object as Service;
    if (needsEndpoints(object)) {
      const endpoints = related.flatMap((slice) => (slice as EndpointSlice).endpoints ?? []);
      const current = endpoints.filter(({ conditions }) => !conditions?.terminating);
      const notReady = current.filter(({ conditions }) => conditions?.ready === false);
      if (current.length === 0) return waiting("Waiting for Pods that the Service selects");
      if (notReady.length > 0) {
        return waiting(
          `Waiting for Pods of the Service to be ready (${notReady.length} of ${current.length} not ready)`,
        );
      }
    }
    if (spec.type === "LoadBalancer" && isEmpty(status?.loadBalancer?.ingress as never)) {
      return waiting("Waiting for the load balancer's address");
    }
    return ready;
  },
};

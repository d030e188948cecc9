import { isMap, type PropertyMap } from "../../protocol/values.ts";

const registry = "localhost:5000/breakwater";
const hardened = {
  runAsNonRoot: true,
  runAsUser: 10001,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
};

/** A pod template whose one container does nothing, or runs a line of JavaScript. */
export function podTemplate(app: string, script?: string): PropertyMap {
  const limits = { cpu: "500m", memory: script === undefined ? "16Mi" : "96Mi" };
  const container: PropertyMap = {
    name: "main",
    image: script === undefined ? `${registry}/pause:3` : `${registry}/node:24`,
    resources: { limits, requests: { cpu: "5m", memory: limits.memory } },
    securityContext: hardened,
    ...(script === undefined ? {} : { command: ["node", "-e", script] }),
  };
  return {
    metadata: { labels: { app } },
    spec: { terminationGracePeriodSeconds: 1, containers: [container] },
  };
}

/** A Deployment of that name and app label. `spec` is laid over its spec, `metadata` over its metadata. */
export function deployment(
  namespace: string,
  name: string,
  { metadata = {}, ...spec }: PropertyMap = {},
): PropertyMap {
  return {
    metadata: { namespace, name, ...(isMap(metadata) ? metadata : {}) },
    spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: podTemplate(name), ...spec },
  };
}

import { network } from "./network.ts";

const namespace = "kube-system";
const name = "metrics-server";
const rbac = "rbac.authorization.k8s.io";
const discovery = "discovery.k8s.io/v1";

/** TCP port of metrics-server on the node address. */
export const metricsServerPort = 4443;

/** Name that the API server expects in the certificate of metrics-server. */
export const serverName = `${name}.${namespace}.svc`;

/** User name of metrics-server at the API server. */
export const clientName = "breakwater:metrics-server";

/** Path of the registration of `metrics.k8s.io`. */
export const apiServicePath = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io";

/** The registration of `metrics.k8s.io`. @param authority certificate in PEM that has signed metrics-server's certificate. */
export function metricsApiService(authority: string): object {
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1beta1.metrics.k8s.io" },
    spec: {
      service: { name, namespace, port: 443 },
      group: "metrics.k8s.io",
      version: "v1beta1",
      caBundle: Buffer.from(authority).toString("base64"),
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  };
}

const subjects = [{ apiGroup: rbac, kind: "User", name: clientName }];
const clusterRole = (role: string) => ({ apiGroup: rbac, kind: "ClusterRole", name: role });

function service(): [string, object][] {
  const port = { name: "https", protocol: "TCP" };
  return [
    [
      `/api/v1/namespaces/${namespace}/services/${name}`,
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name, namespace },
        spec: { ports: [{ ...port, port: 443, targetPort: metricsServerPort }] },
      },
    ],
    [
      `/apis/${discovery}/namespaces/${namespace}/endpointslices/${name}`,
      {
        apiVersion: discovery,
        kind: "EndpointSlice",
        metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } },
        addressType: "IPv4",
        endpoints: [{ addresses: [network.nodeAddress], conditions: { ready: true } }],
        ports: [{ ...port, port: metricsServerPort }],
      },
    ],
  ];
}

/** A role and its binding to metrics-server. */
function ownRole(): [string, object][] {
  const role = "system:metrics-server";
  const rules = [
    { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
    { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
  ];
  return [
    [
      `/apis/${rbac}/v1/clusterroles/${role}`,
      { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: role }, rules },
    ],
    binding(role, role),
  ];
}

function binding(bindingName: string, role: string): [string, object] {
  return [
    `/apis/${rbac}/v1/clusterrolebindings/${bindingName}`,
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: bindingName },
      roleRef: clusterRole(role),
      subjects,
    },
  ];
}

/** Lets metrics-server read with which certificate the API server passes users on. */
function authenticationReader(): [string, object] {
  const reader = `${name}-auth-reader`;
  return [
    `/apis/${rbac}/v1/namespaces/${namespace}/rolebindings/${reader}`,
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata: { name: reader, namespace },
      roleRef: { apiGroup: rbac, kind: "Role", name: "extension-apiserver-authentication-reader" },
      subjects,
    },
  ];
}

/** Adds the metrics to what the roles view, edit and admin may read. */
function aggregatedReader(): [string, object] {
  const role = "system:aggregated-metrics-reader";
  const labels = Object.fromEntries(
    ["view", "edit", "admin"].map((target) => [`${rbac}/aggregate-to-${target}`, "true"]),
  );
  const rules = [
    { apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
  ];
  return [
    `/apis/${rbac}/v1/clusterroles/${role}`,
    { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: role, labels }, rules },
  ];
}

/** Service, endpoints and rights of metrics-server, by their paths: those of its release's manifests. */
export const metricsServerObjects: ReadonlyMap<string, object> = new Map([
  ...service(),
  ...ownRole(),
  binding(`${name}:system:auth-delegator`, "system:auth-delegator"),
  authenticationReader(),
  aggregatedReader(),
]);

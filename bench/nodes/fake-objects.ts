import { fake } from "../../local/cluster/fake-nodes.ts";
import { podsPerNode } from "./command-line.ts";

const taint = "breakwater/fake";
const name = "fake";
const metadata = { name, namespace: fake.namespace };
const resources = { cpu: "32", memory: "256Gi", pods: String(podsPerNode) };

/** Path of the Deployment of all fake pods. */
export const deploymentPath = `/apis/apps/v1/namespaces/${fake.namespace}/deployments/${name}`;

/** A fake node. Its taint keeps real pods away. */
export function fakeNode(index: number): object {
  const nodeName = `${fake.namePrefix}${index}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: nodeName, labels: { [fake.label]: "", "kubernetes.io/hostname": nodeName } },
    spec: { taints: [{ key: taint, effect: "NoSchedule" }] },
    status: { allocatable: resources, capacity: resources },
  };
}

/** Namespace, headless Service and Deployment of `pods` fake pods, by their paths, in the order of their creation. */
export function fakeWorkload(pods: number): [path: string, object: object][] {
  const labels = { app: name };
  return [
    [
      `/api/v1/namespaces/${fake.namespace}`,
      { apiVersion: "v1", kind: "Namespace", metadata: { name: fake.namespace } },
    ],
    [
      `/api/v1/namespaces/${fake.namespace}/services/${name}`,
      {
        apiVersion: "v1",
        kind: "Service",
        metadata,
        spec: { clusterIP: "None", selector: labels, ports: [{ port: 3000 }] },
      },
    ],
    [
      deploymentPath,
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata,
        spec: {
          replicas: pods,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              automountServiceAccountToken: false,
              nodeSelector: { [fake.label]: "" },
              tolerations: [{ key: taint, operator: "Exists" }],
              containers: [{ name: "main", image: "fake" }],
            },
          },
        },
      },
    ],
  ];
}

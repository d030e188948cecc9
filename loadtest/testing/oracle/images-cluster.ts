import { StubCluster } from "../stub-cluster.ts";

const letterLabel = "breakwater/compared-image";

/** UID of the stack's namespace. */
export const namespaceUid = "uid-of-namespace";

interface Created {
  metadata: { name: string; labels: Record<string, string> };
  spec: object;
}

/**
 * An API server that deploys the two images of a comparison: each Service has the port of a server on this machine.
 *
 * @param ports the ports of the servers that stand for images A and B
 */
export function startImagesCluster(ports: { a: number; b: number }): Promise<StubCluster> {
  const names = new Map<string, string>();
  return StubCluster.start(({ method, path, body }) => {
    if (method === "DELETE") return { status: 200 };
    if (method === "POST") {
      const created = JSON.parse(body) as Created;
      const letter = created.metadata.labels[letterLabel] === "a" ? "a" : "b";
      if (path.includes("/deployments")) {
        names.set(letter, created.metadata.name);
        return { status: 201, body: created };
      }
      const spec = { ...created.spec, ports: [{ nodePort: ports[letter] }] };
      return { status: 201, body: { ...created, spec } };
    }
    if (path.endsWith("/namespaces/breakwater-local"))
      return { status: 200, body: { metadata: { uid: namespaceUid } } };
    if (path.includes("labelSelector=")) return { status: 200, body: { items: [] } };
    if (path.endsWith("/services/nginx")) return { status: 200, body: { spec: { type: "NodePort" } } };
    if (path.includes("/deployments/")) {
      return {
        status: 200,
        body: { metadata: { name: "api", uid: "uid-1" }, spec: { template: { spec: { containers: [{}] } } } },
      };
    }
    const pods = [...names].map(([letter, name]) => ({ uid: `pod-${letter}`, letter, name }));
    if (path.endsWith("/pods")) return { status: 200, body: { items: pods.map(listed) } };
    if (path.includes("/stats/summary")) return { status: 200, body: { pods: pods.map(statsOf) } };
    return { status: 404 };
  });
}

function listed({ uid, letter, name }: { uid: string; letter: string; name: string }) {
  return {
    metadata: { uid, name, labels: { [letterLabel]: letter } },
    spec: { nodeName: "node-1", containers: [{ name: "api" }] },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [
        { name: "api", ready: true, restartCount: 0, containerID: `stub://${uid}`, state: { running: {} } },
      ],
    },
  };
}

function statsOf({ uid }: { uid: string }) {
  const memory = { time: new Date().toISOString(), workingSetBytes: 50 * 1024 ** 2 };
  return { podRef: { uid }, containers: [{ name: "api", memory }] };
}

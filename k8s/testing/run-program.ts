import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { ofKind, recordResources, resolved } from "./recording-mocks.ts";

/** Images of another registry than the embedded one, which the program would ask for their digests. */
const images = {
  node: "node:24",
  nginx: "nginx:1.30",
  redis: "redis:8.0",
  valkey: "valkey/valkey:9.1",
  postgres: "postgres:17",
};

/** Objects that the cluster has before, by kind as paths spell it: `statefulsets`, `services`. */
export type ClusterObjects = Readonly<Record<string, readonly object[]>>;

/**
 * Runs the whole program with this stack config, on a cluster whose API server knows no namespace of the stack. Call it
 * once per process, because Node.js loads a module only once.
 */
export async function runProgram(config: Record<string, unknown>, objects: ClusterObjects = {}) {
  const apiServer = createServer(({ url = "" }, response) => {
    const [status, body] = responseTo(url, objects);
    response.writeHead(status).end(JSON.stringify(body));
  });
  await once(apiServer.listen(0, "127.0.0.1"), "listening");
  const server = `http://127.0.0.1:${(apiServer.address() as AddressInfo).port}`;
  const folder = mkdtempSync(join(tmpdir(), "breakwater-"));
  process.env.BREAKWATER_KUBECONFIG = join(folder, "kubeconfig");
  const kubeconfig = {
    contexts: [{ name: "breakwater", context: { cluster: "embedded" } }],
    clusters: [{ name: "embedded", cluster: { server } }],
  };
  writeFileSync(process.env.BREAKWATER_KUBECONFIG, JSON.stringify(kubeconfig));
  try {
    const recorded = recordResources({ images, ...config });
    const program = await import("../../index.ts");
    await resolved(pulumi.output(program.endpoint));
    // The last resource: everything else comes before it.
    while (!ofKind(recorded, "Service").some(({ name }) => name === "nginx")) await sleep(10);
    await pulumi.runtime.disconnect();
    return { recorded, program, server };
  } finally {
    apiServer.close();
    apiServer.closeAllConnections();
    rmSync(folder, { recursive: true });
  }
}

function nameOf(object: object): string | undefined {
  return (object as { metadata?: { name?: string } }).metadata?.name;
}

/** Status and body of the API server's response. Every StatefulSet that is asked for by name has finished its rollout. */
function responseTo(url: string, objects: ClusterObjects): [number, object] {
  const { pathname } = new URL(url, "http://cluster");
  if (/\/namespaces\/[^/]+$/.test(pathname)) return [404, {}];
  if (/\/(statefulsets|deployments)\//.test(pathname))
    return [200, { metadata: {}, spec: { replicas: 0 }, status: {} }];
  const [, configMap] = /\/configmaps\/([^/]+)$/.exec(pathname) ?? [];
  if (configMap !== undefined) {
    const found = objects.configmaps?.find((each) => nameOf(each) === configMap);
    return found === undefined ? [404, {}] : [200, found];
  }
  return [200, { items: objects[pathname.split("/").at(-1) ?? ""] ?? [] }];
}

import { Controller } from "../controller.ts";
import { Kubernetes } from "../kubernetes.ts";
import { Lease } from "../lease.ts";
import { readControllerConfig } from "../program-config.ts";

/** A controller outside a pod: KUBERNETES_URL is the API server, LEAVING_NODES (host:port, separated by commas) are to leave. */
const { KUBERNETES_URL: url = "", LEAVING_NODES: leaving = "" } = process.env;
const config = readControllerConfig(process.env);
const kubernetes = new Kubernetes({ url, token: async () => "token" });
const { namespace, podName: holder } = config;
const nodes = leaving.split(",").filter((node) => node !== "");
await new Controller({
  ...config,
  findLeaving: async () =>
    nodes.map((node) => ({ host: node.split(":")[0] ?? "", port: Number(node.split(":")[1]) })),
  lease: new Lease({ kubernetes, namespace, name: "controller", holder }),
  log: console.log,
}).run(new AbortController().signal);

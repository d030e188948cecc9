import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { duration, flag, integer, oneOf, size, text } from "../options/scalars.ts";
import { container } from "./container.ts";
import { pod } from "./pod.ts";

/** Mount paths of the volumes of the gateway pods, by name. */
export const nginxVolumes = { conf: "/etc/breakwater", tmp: "/tmp" } as const;

/** The gateway in front of the API pods. */
export const nginx = section("The gateway in front of the API pods.", {
  replicas: integer({ min: 0, max: 100, default: 1, doc: "Number of gateway pods." }),
  ...container({ minMemory: "32 MiB", memory: "64 MiB", cpu: "1", cpuRequest: "100m" }),
  serviceType: oneOf(["NodePort", "ClusterIP", "LoadBalancer"], { default: { embedded: "NodePort", elsewhere: "ClusterIP" }, doc: "Type of the gateway's Service." }),
  nodePort: integer({ min: 30_000, max: 32_767, default: { embedded: 30_080 }, appliesTo: ({ serviceType }) => serviceType === "NodePort", doc: "Port of the gateway on every node, for the Service types NodePort and LoadBalancer. Without it, Kubernetes chooses a port." }),
  publicUrl: text({ pattern: /^https?:\/\/[^\s/]+(\/\S*)?$/, rule: "must be a URL that starts with http:// or https://", doc: "URL at which clients and the load test reach the gateway, for example the URL of an Ingress. Without it, the stack derives the URL from the Service." }),
  balance: oneOf(["round-robin", "least-conn", "random-two", "ip-hash", "hash", "least-time"], { default: "round-robin", doc: "How Nginx chooses a pod for a request. `least-time` needs Nginx 1.31.0 or newer, or NGINX Plus: set `images.nginx`; pools with `backup` need `round-robin`, `least-conn` or `least-time`." }),
  hashKey: text({ pattern: /^\$[a-z_][\w]*$/, rule: 'must be one Nginx variable like "$request_uri"', default: "$request_uri", doc: "Nginx variable that `balance: hash` hashes." }),
  keepalive: integer({ min: 1, max: 10_000, default: 32, doc: "Idle connections to the API pods that each worker process keeps open." }),
  workerConnections: integer({ min: 64, max: 65_536, default: 4096, doc: "Connections that each worker process may have open, to clients and to pods." }),
  connectTimeout: duration({ min: "50 ms", max: "75 s", default: "2 s", doc: "Maximum time to connect to a pod." }),
  timeout: duration({ min: "100 ms", max: "1 h", default: "30 s", doc: "Maximum time between two reads from, or two writes to, a pod." }),
  maxFails: integer({ min: 0, max: 1000, default: 3, doc: "Failed attempts within `nginx.failTimeout` after which a pod gets no requests for that time; 0 disables this." }),
  failTimeout: duration({ min: "1 s", max: "1 h", default: "5 s", doc: "Time in which failed attempts are counted, and for which a failed pod gets no requests." }),
  maxBody: size({ min: "1 KiB", default: "10 MiB", doc: "Maximum size of a request body, except for uploads (`api.uploadMax`)." }),
  accessLog: flag({ default: false, doc: "Whether to write one line of JSON for each request." }),
  pod: pod(nginxVolumes),
});

/** The gateway in front of the API pods. */
export type NginxConfig = ValueOf<typeof nginx>;
/** How Nginx chooses a pod for a request. */
export type Balance = NginxConfig["balance"];

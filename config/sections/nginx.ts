import { listOf, section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { decimal, duration, flag, integer, oneOf, size, text } from "../options/scalars.ts";
import type { Milliseconds } from "../units.ts";
import { container } from "./container.ts";
import { network, plainPath } from "./names.ts";
import { nginxCache } from "./nginx-cache.ts";
import { securityHeaders } from "./nginx-headers.ts";
import { limits } from "./nginx-limits.ts";
import { retryBudget } from "./nginx-retries.ts";
import { nginxTls } from "./nginx-tls.ts";
import { pod } from "./pod.ts";

/** Mount paths of the volumes of the gateway pods, by name. */
export const nginxVolumes = { conf: "/etc/breakwater", tmp: "/tmp", "edge-tls": "/etc/breakwater-tls" } as const;

/**
 * Variables of Nginx that describe a request. Nginx does not start with a variable that it does not know. `$server_name` and
 * `$scheme` have the same value for all requests.
 */
const hashKey = {
  pattern: /^\$(?:request_uri|uri|args|query_string|request|request_method|host|content_type|remote_addr|remote_user|(?:http|arg|cookie)_[a-z0-9_]+)$/,
  rule: 'must be one Nginx variable like "$request_uri", or of the kind "$http_x_user", "$arg_id" or "$cookie_session"',
};

/** Name of an HTTP method. Nginx itself refuses the two that would make it another kind of server. */
const method = {
  pattern: /^(?!(?:TRACE|CONNECT)$)[A-Z][A-Z-]{0,31}$/,
  rule: "must be an HTTP method in upper case like GET, but not TRACE or CONNECT, which Nginx refuses",
};

/** Beginning of a path at the gateway. */
const streamPath = {
  ...plainPath,
  rule: 'must be the beginning of a path like "/api/events", without percent-encoding, empty segments and dots as segments',
};

/** Default of `nginx.workerConnections`. */
export const defaultConnections = 4096;

/** The gateway in front of the API pods. */
export const nginx = section("The gateway in front of the API pods.", {
  replicas: integer({ min: 0, max: 100, default: 2, doc: "Number of gateway pods. From two on, the loss of one breaks only its own connections, and a drain of a node takes one at a time." }),
  ...container({ minMemory: "32 MiB", memory: "192 MiB", cpu: "1", cpuRequest: "100m" }),
  serviceType: oneOf(["NodePort", "ClusterIP", "LoadBalancer"], { default: { embedded: "NodePort", elsewhere: "ClusterIP" }, doc: "Type of the gateway's Service." }),
  nodePort: integer({ min: 30_000, max: 32_767, doc: "Port of the gateway on every node, for the Service types NodePort and LoadBalancer; refused when another Service has it. Without it, the embedded cluster uses the first free port from 30080 on and keeps it, and other clusters choose a port." }),
  externalTrafficPolicy: oneOf(["Cluster", "Local"], { doc: "Whether a node passes a client's connection on to gateway pods of other nodes (`Cluster`), which hides the client's address, or only to its own pods (`Local`). Without it: `Local` with `balance: ip-hash` or a limit of each client, else `Cluster`." }),
  ipv6: flag({ default: false, doc: "Whether clients of a dual-stack cluster reach the gateway over IPv6, too. Not needed on a cluster whose DNS server has an IPv6 address." }),
  trustedProxies: listOf(text({ ...network, doc: "" }), { default: [], doc: 'Networks of the proxies in front of the gateway, such as a load balancer, as ["10.0.0.0/8"]. Their `X-Forwarded-*`, `Forwarded` and `X-Real-IP` headers reach the API; those of all other clients are overwritten.' }),
  proxyProtocol: flag({ default: false, doc: "Whether the proxies of `nginx.trustedProxies` begin each connection with the PROXY protocol, version 1 or 2, which names the client's address. Connections without it are closed, so that every client must come through such a proxy." }),
  publicUrl: text({ pattern: /^https?:\/\/[^\s/]+(\/\S*)?$/, rule: "must be a URL that starts with http:// or https://", doc: "URL at which clients and the load test reach the gateway, for example the URL of an Ingress. Without it, the stack derives the URL from the Service." }),
  balance: oneOf(["round-robin", "least-conn", "random-two", "ip-hash", "hash", "least-time"], { default: "round-robin", doc: "How Nginx chooses a pod for a request. `least-time` needs Nginx 1.31.0 or newer, or NGINX Plus: set `images.nginx`; pools with `backup` need `round-robin`, `least-conn` or `least-time`." }),
  sticky: flag({ default: false, doc: "Whether a client stays on the pool of `api.pools` that served it first, by the cookie `breakwater_pool`: users of a canary keep its version. Needs `balance` `round-robin`, `least-conn` or `least-time`." }),
  maxConnectionsPerPod: integer({ min: 1, max: 65_535, doc: "Maximum requests and WebSockets that each gateway pod has open at each API pod; when all pods have that many, the client gets a 503." }),
  hashKey: text({ ...hashKey, default: "$request_uri", doc: "Nginx variable that `balance: hash` hashes. Requests with one value go to one pod for each gateway pod, until the API's pods change; those without a value go to all pods in turn." }),
  keepalive: integer({ min: 1, max: 10_000, doc: "Idle connections to the API pods that each worker process keeps open. With fewer than clients send requests at a time, requests wait for new connections. Without it: a quarter of `nginx.workerConnections`, at most 1024." }),
  workerConnections: integer({
    min: 64,
    max: 65_536,
    default: defaultConnections,
    doc: "Maximum connections that each worker process has open, to clients and to pods. Each may take 42 KiB, or 160 KiB with TLS, if its client wants that ([gateway.md](gateway.md#memory)); the default becomes as many as `nginx.memory` has room for, and another number needs the memory.",
  }),
  connectTimeout: duration({ min: "50 ms", max: "75 s", default: "2 s", doc: "Maximum time to connect to a pod." }),
  timeout: duration({ min: "100 ms", max: "1 h", default: "30 s", doc: "Maximum time between two reads from, or two writes to, a pod." }),
  retryTimeouts: flag({ default: false, doc: "Whether a GET, HEAD, OPTIONS, PUT or DELETE that a pod does not answer within `nginx.timeout` goes to one more pod. The client then waits for up to twice that time, and an overloaded stack gets more requests, up to `nginx.retryBudget`." }),
  retryBudget,
  webSocketTimeout: duration({ min: "1 s", max: "24 h", default: "1 h", doc: "Time after which a WebSocket ends on which neither the client nor the pod sends anything." }),
  streamPaths: listOf(text({ ...streamPath, doc: "" }), {
    unique: true,
    default: [],
    doc: 'Beginnings of paths whose responses are streams, such as server-sent events, as ["/api/events"]. Each part of such a response reaches the client at once. Other responses are collected, unless the pod sends `X-Accel-Buffering: no`.',
  }),
  streamTimeout: duration({ min: "1 s", max: "24 h", default: "1 h", doc: "`nginx.timeout` for the paths of `nginx.streamPaths`." }),
  drain: duration({ min: "1 s", max: "24 h", doc: "Maximum time for which a stopping gateway pod lets requests and WebSockets end; at least `nginx.timeout`, which is the value without this option." }),
  maxFails: integer({ min: 0, max: 1000, default: 3, doc: "Failed attempts within `nginx.failTimeout` after which a pod gets no requests for that time; 0 disables this." }),
  failTimeout: duration({ min: "1 s", max: "1 h", default: "5 s", doc: "Time in which failed attempts are counted, and for which a failed pod gets no requests." }),
  maxBody: size({ min: "1 KiB", default: "10 MiB", doc: "Maximum size of a request body, except for uploads (`api.uploadMax`)." }),
  accessLog: flag({ default: false, doc: "Whether to write one line of JSON for each request: [gateway.md](gateway.md#access-log)." }),
  metrics: flag({ default: false, doc: "Whether the gateway pods have metrics for Prometheus, on a port of their own: [gateway.md](gateway.md#metrics). They cost about 2 % of the gateway's CPU time and 4 MiB of memory, and need an image with Nginx's JavaScript module (`images.nginx`)." }),
  podMonitor: flag({ default: false, doc: "Whether to create a PodMonitor for the metrics of the gateway pods. Needs `nginx.metrics`, and the CustomResourceDefinition of the Prometheus operator in the cluster. Without it, Prometheus finds the pods by their annotations `prometheus.io/scrape`." }),
  traceSampling: decimal({ min: 0, max: 100, default: 0, doc: "Share in percent of the traces that the gateway begins with the flag `sampled`. A valid `traceparent` of a client reaches the API as it was sent; a request without one begins a trace." }),
  methods: listOf(text({ ...method, doc: "" }), { minItems: 1, unique: true, doc: 'HTTP methods that reach the API, as ["GET", "HEAD", "POST"]; others get a 405. Without it: every method but TRACE and CONNECT.' }),
  limits,
  securityHeaders,
  tls: nginxTls,
  cache: nginxCache,
  pod: pod(nginxVolumes),
});

/** The gateway in front of the API pods. */
export type NginxConfig = ValueOf<typeof nginx>;
/** How Nginx chooses a pod for a request. */
export type Balance = NginxConfig["balance"];

/** Maximum time for which a stopping gateway pod lets requests and WebSockets end. */
export function drainMs({ drain, timeout }: Pick<NginxConfig, "drain" | "timeout">): Milliseconds {
  return drain ?? timeout;
}

/** How nodes pass connections on to the gateway's Service; undefined for a Service that no node has a port for. */
export function trafficPolicy(config: NginxConfig): NginxConfig["externalTrafficPolicy"] {
  if (config.serviceType === "ClusterIP") return undefined;
  return config.externalTrafficPolicy ?? (clientAddressUser(config) === undefined ? undefined : "Local");
}

/** The path of the first option that needs the clients' true addresses; undefined when none of them is used. */
export function clientAddressUser({ balance, hashKey, limits }: NginxConfig): string | undefined {
  if (balance === "ip-hash") return "nginx.balance";
  if (balance === "hash" && hashKey === "$remote_addr") return "nginx.hashKey";
  const limit = (["concurrentRequests", "requestsPerSecond"] as const).find((key) => limits[key] !== undefined);
  return limit === undefined ? undefined : `nginx.limits.${limit}`;
}

import { listOf, section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { flag, integer, oneOf, text } from "../options/scalars.ts";
import { network as cidr, label } from "./names.ts";

/** Address of the embedded cluster's node: its API server and its DNS server listen on it. */
const embeddedNode = "10.42.0.1/32";

/** Connections that the pods' NetworkPolicies admit beside those of the stack itself. */
export const network = section("NetworkPolicies: which connections the pods accept and open ([network.md](network.md)).", {
  policies: flag({ default: { embedded: false, elsewhere: true }, doc: "Whether NetworkPolicies admit only the connections of [network.md](network.md#connections). They have an effect on clusters whose network enforces them." }),
  metricsNamespaces: listOf(text({ ...label, doc: "" }), { unique: true, default: [], doc: 'Namespaces whose pods may read the metrics of the API, of the gateway and of the Redis controller, as ["monitoring"].' }),
  metricsNetworks: listOf(text({ ...cidr, doc: "" }), {
    unique: true,
    default: [],
    doc: "Networks that may read these metrics. The load test reads the API's through the cluster's API server; on a cluster of your own, the addresses from which the API server reaches pods.",
  }),
  egress: listOf(
    section("A network that the API's pods may connect to.", {
      network: text({ ...cidr, required: true, doc: "The network or address." }),
      ports: listOf(integer({ min: 1, max: 65_535, doc: "" }), { minItems: 1, unique: true, required: true, doc: "Ports of it, as [443]." }),
      protocol: oneOf(["TCP", "UDP"], { default: "TCP", doc: "Protocol of the ports." }),
    }),
    { default: [], doc: "Further servers that the API's pods connect to, in all pools. The server of `database.url` needs no entry, if its port is that of the URL behind a Service as well." },
  ),
  dnsServers: listOf(text({ ...cidr, doc: "" }), {
    unique: true,
    minItems: 1,
    default: { embedded: [embeddedNode] },
    doc: "Addresses of DNS servers beside the pods of `kube-system`, link-local addresses and `cluster.dnsAddress`. Without it: every address, on the ports 53 and 5353.",
  }),
  apiServers: listOf(text({ ...cidr, doc: "" }), { unique: true, minItems: 1, default: { embedded: [embeddedNode] }, doc: "Addresses of the cluster's API server, which the Redis controller connects to. Without it: every address, on the ports 443, 6443, 8443 and 16443." }),
});

/** Connections that the pods' NetworkPolicies admit beside those of the stack itself. */
export type NetworkConfig = ValueOf<typeof network>;

import { Resolver } from "node:dns/promises";
import { join } from "node:path";
import type { ClusterApi } from "../../host/cluster-api.ts";
import { writeConfigFile } from "./config-file.ts";
import { componentKubeconfig, places, type ToolPaths } from "./layout.ts";
import { network } from "./network.ts";
import type { Daemon } from "./process-supervisor.ts";

const dnsPort = 53;
const ports = ["UDP", "TCP"].map((protocol) => ({
  name: protocol === "UDP" ? "dns" : "dns-tcp",
  protocol,
  port: dnsPort,
}));

/** CoreDNS on the node address. It resolves only the cluster's names and forwards no queries. */
export async function corednsDaemon(tools: ToolPaths): Promise<Daemon> {
  const kubeconfig = componentKubeconfig("coredns");
  const corefile = await writeConfigFile(
    join(places.config, "Corefile"),
    `.:${dnsPort} {
  bind ${network.nodeAddress}
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    endpoint https://${network.nodeAddress}:${network.apiPort}
    kubeconfig ${kubeconfig}
    ttl 2
  }
}
`,
  );
  return {
    name: "coredns",
    command: tools.path("coredns"),
    args: ["-conf", corefile],
    configFiles: [corefile, kubeconfig],
    listens: [{ address: network.nodeAddress, port: dnsPort }],
  };
}

/** Creates the kube-dns Service for CoreDNS on the node, and lets CoreDNS read Services, namespaces and endpoints. */
export async function applyDns(api: ClusterApi): Promise<void> {
  const namespace = "kube-system";
  const name = "kube-dns";
  const role = "breakwater:coredns";
  await Promise.all([
    api.apply(`/api/v1/namespaces/${namespace}/services/${name}`, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { clusterIP: network.dnsServiceAddress, ports },
    }),
    api.apply(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}`, {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } } as { name: string },
      addressType: "IPv4",
      endpoints: [{ addresses: [network.nodeAddress], conditions: { ready: true } }],
      ports,
    }),
    api.apply(`/apis/rbac.authorization.k8s.io/v1/clusterroles/${role}`, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: role },
      rules: [
        { apiGroups: [""], resources: ["services", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
      ],
    }),
    api.apply(`/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${role}`, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: role },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: role }],
    }),
  ]);
}

/** Whether the kube-dns Service resolves a name, which takes CoreDNS, kube-proxy and the API server. @throws {Error} of DNS. */
export async function dnsAnswers(): Promise<boolean> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([network.dnsServiceAddress]);
  const addresses = await resolver.resolve4("kubernetes.default.svc.cluster.local");
  return addresses.length > 0;
}

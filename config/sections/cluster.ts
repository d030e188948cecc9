import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { duration, flag, text } from "../options/scalars.ts";
import { domainName, label, notEmpty } from "./names.ts";

/** DNS domain of the embedded cluster, and of most others. */
export const embeddedDomain = "cluster.local";

/** The cluster to deploy to. */
export const cluster = section("The cluster to deploy to; by default the embedded one.", {
  kubeContext: text({ pattern: notEmpty.pattern, rule: "must be the name of a context in the kubeconfig", doc: "Context to deploy to. Without it, the stack deploys to the embedded cluster, even when `KUBECONFIG` is set." }),
  kubeconfig: text({ pattern: notEmpty.pattern, rule: "must be the path of a kubeconfig file", doc: "Path of one kubeconfig file, used only with `cluster.kubeContext`. Without it: the files of `$KUBECONFIG`, else `~/.kube/config`." }),
  namespace: text({ ...label, doc: "Namespace of all resources. Without it: `breakwater-<stack>`; if that is no name for a namespace, in lower case, cut, and with a hash of the stack's name." }),
  domain: text({ ...domainName, default: embeddedDomain, doc: "DNS domain of the cluster, in the host names of pods and Services. A change replaces the pods of the API, of Nginx and of Redis." }),
  dnsAddress: text({ pattern: /^[0-9a-fA-F.:]+$/, rule: "must be the IP address of the cluster's DNS Service", default: { embedded: "10.43.0.10" }, doc: "DNS server that Nginx asks for the addresses of API pods. Without it: the address of the Service `kube-system/kube-dns`." }),
  dnsTtl: duration({
    min: "0 s",
    max: "5 min",
    default: { embedded: "0 s" },
    doc: "Time for which the cluster's DNS may return addresses of pods that are gone. Stopping API pods serve for this time before `api.shutdownDelay`, and new pods must be ready for it before the next pods stop. Without it: read from the ConfigMaps `coredns` and `node-local-dns` of `kube-system`, else 30 s.",
  }),
  storageClass: text({
    pattern: notEmpty.pattern,
    rule: "must be the name of a StorageClass",
    doc: "StorageClass of all volumes. Without it: the cluster's default class, for new volumes. Volumes do not change their class: another name is refused until `redis.volumeGeneration` and `database.volumeGeneration` make new volumes.",
  }),
  metricsServer: flag({ default: false, doc: "Whether the embedded cluster runs metrics-server, for `kubectl top`. `npm run up` starts it, and stops it when no stack asks for it. Refused with `cluster.kubeContext`." }),
});

/** The cluster to deploy to; without a kubeContext it is the embedded cluster. */
export type ClusterConfig = ValueOf<typeof cluster>;

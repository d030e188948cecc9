import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { text } from "../options/scalars.ts";
import { label, notEmpty } from "./names.ts";

/** The cluster to deploy to. */
export const cluster = section("The cluster to deploy to; by default the embedded one.", {
  kubeContext: text({ pattern: notEmpty.pattern, rule: "must be the name of a context in the kubeconfig", doc: "Context to deploy to. Without it, the stack deploys to the embedded cluster, even when `KUBECONFIG` is set." }),
  kubeconfig: text({ pattern: notEmpty.pattern, rule: "must be the path of a kubeconfig file", doc: "Path of one kubeconfig file, used only with `cluster.kubeContext`. Without it: `$KUBECONFIG`, else `~/.kube/config`." }),
  namespace: text({ ...label, doc: "Namespace of all resources. Without it: `breakwater-<stack>`." }),
  dnsAddress: text({ pattern: /^[0-9a-fA-F.:]+$/, rule: "must be the IP address of the cluster's DNS Service", default: { embedded: "10.43.0.10" }, doc: "DNS server that Nginx asks for the addresses of API pods. Without it: the address of the Service `kube-system/kube-dns`." }),
  storageClass: text({ pattern: notEmpty.pattern, rule: "must be the name of a StorageClass", doc: "StorageClass of all volumes. Without it: the cluster's default class." }),
});

/** The cluster to deploy to; without a kubeContext it is the embedded cluster. */
export type ClusterConfig = ValueOf<typeof cluster>;

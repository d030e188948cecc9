import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";

/**
 * Address of the cluster's DNS Service.
 *
 * @param given address from stack config; without it the address of `kube-system/kube-dns`, which most clusters have
 */
export function clusterDns(
  given: string | undefined,
  provider: pulumi.ProviderResource,
): pulumi.Output<string> {
  if (given !== undefined) return pulumi.output(given);
  return Service.get("cluster-dns", "kube-system/kube-dns", { provider }).spec.clusterIP;
}

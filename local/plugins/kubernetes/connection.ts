import { ApiClient } from "./api-client.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import type { ProviderConfig } from "./provider-config.ts";

/** Opens the cluster that the provider is configured for. `namespace` is the context's own, if it names one. */
export function openConnection(config: ProviderConfig): { api: ApiClient; namespace?: string } {
  const kubeconfig = loadKubeconfig(config);
  const { namespace } = kubeconfig.getContextObject(kubeconfig.getCurrentContext()) ?? {};
  return { api: new ApiClient(kubeconfig), namespace };
}

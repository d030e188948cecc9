import { existsSync } from "node:fs";
// The package's index loads 700 generated API files; this file and what it needs start four times as fast.
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { ProviderConfig } from "./provider-config.ts";

/**
 * Loads the kubeconfig: the one given (path or contents), else $KUBECONFIG, ~/.kube/config, the pod's own.
 *
 * @throws {Error} when the file, the context or its cluster does not exist.
 */
export function loadKubeconfig({ kubeconfig, context }: ProviderConfig): KubeConfig {
  const loaded = new KubeConfig();
  if (kubeconfig === undefined) {
    loaded.loadFromDefault();
  } else if (/^\s*[{]|\n/.test(kubeconfig)) {
    loaded.loadFromString(kubeconfig);
  } else {
    if (!existsSync(kubeconfig)) {
      throw new Error(
        `kubeconfig ${kubeconfig} does not exist; give the provider a path or the contents of one`,
      );
    }
    loaded.loadFromFile(kubeconfig);
  }
  if (context !== undefined) {
    const names = loaded.getContexts().map(({ name }) => name);
    if (!names.includes(context)) {
      throw new Error(`the kubeconfig has no context ${context}; it has ${names.join(", ") || "none"}`);
    }
    loaded.setCurrentContext(context);
  }
  if (!loaded.getCurrentCluster()) {
    throw new Error(
      `the kubeconfig's context ${loaded.getCurrentContext() || "(none set)"} names no cluster; give the provider a context`,
    );
  }
  return loaded;
}

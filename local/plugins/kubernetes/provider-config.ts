import type { CheckFailure } from "../protocol/resource-provider.ts";
import { type PropertyMap, unknown, type Value } from "../protocol/values.ts";

/** The options of `new kubernetes.Provider(…)` that this plugin serves. */
export interface ProviderConfig {
  /** A path or the contents; absent = the usual places. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** For namespaced objects that name none. */
  readonly namespace?: string;
  readonly patchForce: boolean;
  readonly mutableData: { readonly configMaps: boolean; readonly secrets: boolean };
}

const served = new Set([
  "kubeconfig",
  "context",
  "namespace",
  "enablePatchForce",
  "enableConfigMapMutable",
  "enableSecretMutable",
  "version",
  "pluginDownloadURL",
  "__internal",
]);
/** Without effect here, or what this plugin does anyway. */
const harmless = new Set(["suppressDeprecationWarnings", "suppressHelmHookWarnings", "clusterIdentifier"]);

const isOff = (value: Value | undefined): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  value === "false" ||
  value === "null";

/** Complains about options that would change what happens and that this plugin does not serve. */
export function configFailures(config: PropertyMap): CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const [key, value] of Object.entries(config)) {
    if (served.has(key) || harmless.has(key) || isOff(value)) continue;
    if (key === "enableServerSideApply" && (value === "true" || value === true)) continue;
    failures.push({
      property: key,
      reason: `${key} is not supported by the embedded kubernetes plugin; remove it from the provider's arguments`,
    });
  }
  if (config.enableServerSideApply === "false" || config.enableServerSideApply === false) {
    failures.push({
      property: "enableServerSideApply",
      reason: "enableServerSideApply: false is not supported by the embedded kubernetes plugin; remove it",
    });
  }
  return failures;
}

/** Reads the options; booleans arrive as JSON text. */
export function parseConfig(config: PropertyMap): ProviderConfig {
  const text = (key: string): string | undefined => {
    const value = config[key];
    return typeof value === "string" && value !== "" && value !== unknown ? value : undefined;
  };
  const flag = (key: string): boolean => config[key] === true || config[key] === "true";
  return {
    kubeconfig: text("kubeconfig"),
    context: text("context"),
    namespace: text("namespace"),
    patchForce: flag("enablePatchForce"),
    mutableData: { configMaps: flag("enableConfigMapMutable"), secrets: flag("enableSecretMutable") },
  };
}

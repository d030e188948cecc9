import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import * as pulumi from "@pulumi/pulumi";
import type { RegistryConfig } from "../config/sections/registry.ts";

/** Host and port of the registry that image names under `address` resolve to; Docker Hub when `address` has none. */
export function registryServer(address: string): string {
  const [first = ""] = address.split("/");
  return /[.:]/.test(first) || first === "localhost" ? first : "docker.io";
}

/** The registry that an image is pushed to, and the credentials for it, as `docker:Image` reads them. */
export function pushTarget({ address, username, password }: RegistryConfig) {
  const server = registryServer(address);
  return username === undefined ? { server } : { server, username, password: pulumi.secret(password ?? "") };
}

/**
 * Creates the Secret that pods pull the API image with.
 *
 * @returns the Secret's name; empty when stack config has no credentials
 */
export function createPullSecrets(
  registry: RegistryConfig,
  namespace: string,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string>[] {
  const { address, username, password } = registry;
  if (username === undefined) return [];
  const server = registryServer(address);
  const key = /^(index\.)?docker\.io$/.test(server) ? "https://index.docker.io/v1/" : server;
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  const name = "registry-credentials";
  const secret = new Secret(
    name,
    {
      // The name is fixed. The kubelet reads the Secret at each pull, so new credentials replace no pods.
      metadata: { name, namespace },
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": JSON.stringify({ auths: { [key]: { username, password, auth } } }) },
    },
    opts,
  );
  return [secret.metadata.name];
}

import { Image } from "@pulumi/docker/image.js";
import * as pulumi from "@pulumi/pulumi";
import { shortHash } from "../config/derive.ts";
import type { RegistryConfig } from "../config/sections/registry.ts";
import type { ApiBundle } from "./api-bundle.ts";
import { registryServer } from "./registry.ts";

/** What the API image is built from and where it goes. */
export interface ApiImageArgs {
  bundle: ApiBundle;
  baseImage: string;
  registry: RegistryConfig;
}

/** The API image, built and pushed under a tag from its content: equal sources and base image, equal tag. */
export class ApiImage extends pulumi.ComponentResource {
  /** With its tag; known before it is built. */
  readonly imageName: string;

  constructor(name: string, args: ApiImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:ApiImage", name, {}, opts);
    const { bundle, baseImage, registry } = args;
    this.imageName = `${registry.address}/breakwater/api:${shortHash(bundle.digest, baseImage)}`;
    const credentials =
      registry.username === undefined
        ? {}
        : { username: registry.username, password: pulumi.secret(registry.password ?? "") };
    new Image(
      name,
      {
        imageName: this.imageName,
        build: {
          context: bundle.context,
          dockerfile: `${bundle.context}/Dockerfile`,
          args: { BASE_IMAGE: baseImage },
        },
        registry: { server: registryServer(registry.address), ...credentials },
      },
      { parent: this },
    );
    this.registerOutputs({ imageName: this.imageName });
  }
}

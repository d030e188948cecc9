import { Image } from "@pulumi/docker/image.js";
import * as pulumi from "@pulumi/pulumi";
import { shortHash } from "../config/derive.ts";
import type { RegistryConfig } from "../config/sections/registry.ts";
import type { ApiBundle } from "./api-bundle.ts";
import { registryServer } from "./registry.ts";

/** Parts of the API image, and the registry that it is pushed to. */
export interface ApiImageArgs {
  bundle: ApiBundle;
  baseImage: string;
  registry: RegistryConfig;
}

/** The API image. Its tag is a hash of its content: equal sources and an equal base image give an equal tag. */
export class ApiImage extends pulumi.ComponentResource {
  /** Name with the tag; known before the image is built. */
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

import { Image } from "@pulumi/docker/image.js";
import * as pulumi from "@pulumi/pulumi";
import { shortHash } from "../config/derive.ts";
import type { RegistryConfig } from "../config/sections/registry.ts";
import type { ApiBundle } from "./api-bundle.ts";
import { pushTarget } from "./registry.ts";

/** Parts of the API image, and the registry that it is pushed to. */
export interface ApiImageArgs {
  bundle: ApiBundle;
  /** Name of the base image, with its digest where it is known: a new digest gives a new tag. */
  baseImage: string;
  /** `linux/amd64`, for example. */
  platform: string;
  registry: RegistryConfig;
}

/** The API image. Its tag is a hash of its content: equal sources, an equal base
 * image and an equal platform give an equal tag. */
export class ApiImage extends pulumi.ComponentResource {
  /** Name with the tag; known before the image is built. */
  readonly imageName: string;

  constructor(name: string, args: ApiImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:ApiImage", name, {}, opts);
    const { bundle, baseImage, platform, registry } = args;
    this.imageName = `${registry.address}/breakwater/api:${shortHash(bundle.digest, baseImage, platform)}`;
    new Image(
      name,
      {
        imageName: this.imageName,
        build: {
          context: bundle.context,
          dockerfile: `${bundle.context}/Dockerfile`,
          platform,
          args: { BASE_IMAGE: baseImage },
        },
        registry: pushTarget(registry),
      },
      { parent: this },
    );
    this.registerOutputs({ imageName: this.imageName });
  }
}

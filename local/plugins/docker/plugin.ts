import packageFile from "../../../package.json" with { type: "json" };

/** The docker plugin of this checkout, with the version of the npm package whose programs it serves. */
export const dockerPlugin = {
  name: "docker",
  version: packageFile.dependencies["@pulumi/docker"],
} as const;

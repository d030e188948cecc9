/** The docker plugin of this checkout, with the version of the npm package whose programs it serves. */
export const dockerPlugin = { name: "docker", version: "5.2.0" } as const;

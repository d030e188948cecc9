import { isMap, type PropertyMap, unknown, type Value } from "../protocol/values.ts";

/** Checked inputs of a docker.Image: known, with defaults, of the right types. */
export interface ImageInputs {
  imageName: string;
  skipPush: boolean;
  buildOnPreview: boolean;
  registry: { server?: string; username?: string; password?: string };
  build: BuildInputs;
}

export interface BuildInputs {
  context: string;
  dockerfile: string;
  /** `os/architecture[/variant]`. */
  platform: string;
  args: Record<string, string>;
  target?: string;
  cacheFrom: string[];
  /** `host:ip`. */
  addHosts: string[];
  network?: string;
  contextDigest: string;
}

const text = (value: Value | undefined): string | undefined =>
  typeof value === "string" ? value : undefined;
const texts = (value: Value | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
const map = (value: Value | undefined): PropertyMap => (isMap(value) ? value : {});

/** Reads inputs that `checkImage` has accepted. It ignores values of a wrong type, so other inputs need that check first. */
export function readInputs(values: PropertyMap): ImageInputs {
  const build = map(values.build);
  const registry = map(values.registry);
  return {
    imageName: text(values.imageName) ?? "",
    skipPush: values.skipPush === true,
    buildOnPreview: values.buildOnPreview === true,
    registry: {
      server: text(registry.server),
      username: text(registry.username),
      password: text(registry.password),
    },
    build: {
      context: text(build.context) ?? "",
      dockerfile: text(build.dockerfile) ?? "",
      platform: text(build.platform) ?? "",
      args: Object.fromEntries(
        Object.entries(map(build.args)).filter((arg): arg is [string, string] => typeof arg[1] === "string"),
      ),
      target: text(build.target),
      cacheFrom: texts(map(build.cacheFrom).images),
      addHosts: texts(build.addHosts),
      network: text(build.network),
      contextDigest: text(build.contextDigest) ?? unknown,
    },
  };
}

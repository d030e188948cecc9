import { relative } from "node:path";
import { readContext } from "../../../host/build-context.ts";
import type {
  CallContext,
  CheckFailure,
  CreateResult,
  ResourceProvider,
} from "../protocol/resource-provider.ts";
import { containsUnknown, isMap, type Properties, type PropertyMap, unknown } from "../protocol/values.ts";
import { buildAndPush } from "./build-and-push.ts";
import { checkImage } from "./image-check.ts";
import { diffImage } from "./image-diff.ts";
import { type ImageInputs, readInputs } from "./image-inputs.ts";
import { parseImageName, registryHost } from "./image-name.ts";
import type { RegistryCredentials } from "./registry-credentials.ts";

const imageType = "docker:index/image:Image";

interface ProviderConfig {
  /** Address of the engine; undefined for the address in the environment. */
  host?: string;
  registryAuth: PropertyMap[];
}

/** The docker plugin: builds and pushes `docker.Image`, and refuses all other resources with a clear message. */
export function dockerProvider(version: string): ResourceProvider {
  let config: ProviderConfig = { registryAuth: [] };

  /** Builds the image if necessary, pushes it outside of previews, and returns the outputs for `values`. */
  async function deploy({ values, secretPaths }: Properties, context: CallContext): Promise<Properties> {
    const inputs = readInputs(values);
    const outputs: PropertyMap = {
      imageName: values.imageName ?? unknown,
      baseImageName: values.imageName ?? unknown,
      registryServer: inputs.registry.server ?? "",
      repoDigest: unknown,
      ...buildOutputs(values, inputs),
    };
    const isSecret = secretPaths.some(([first]) => first === "imageName");
    const secretOutputs = isSecret ? [["imageName"], ["baseImageName"], ["repoDigest"]] : [];
    const isBuilt = !context.preview || (inputs.buildOnPreview && !containsUnknown(values));
    if (isBuilt) {
      const digest = await buildFor(inputs, context);
      if (digest !== undefined) outputs.repoDigest = digest;
    }
    return { values: outputs, secretPaths: secretOutputs };
  }

  /** Returns undefined in a preview of an image that will be pushed, because the push determines the digest. */
  async function buildFor(inputs: ImageInputs, context: CallContext): Promise<string | undefined> {
    const signal =
      context.timeoutSeconds > 0
        ? AbortSignal.any([context.signal, AbortSignal.timeout(context.timeoutSeconds * 1000)])
        : context.signal;
    const { imageName, skipPush, build } = inputs;
    const { id, digest } = await buildAndPush(
      imageName,
      await readContext(build.context, build.dockerfile),
      build,
      {
        host: config.host,
        logins: [ofInputs(inputs), ...config.registryAuth.map(ofRegistryAuth)].filter(
          (login) => login !== undefined,
        ),
        push: !skipPush && !context.preview,
        signal,
        output: (line) => context.log("info", line, { ephemeral: true }),
      },
    );
    return skipPush ? id : digest;
  }

  return {
    name: "docker",
    version,
    async checkConfig(inputs) {
      const failures: CheckFailure[] = [];
      for (const key of Object.keys(inputs.values)) {
        if (key === "host" || key === "registryAuth" || key === "version" || key.startsWith("__")) continue;
        failures.push({
          property: key,
          reason:
            "this plugin knows only docker:host and docker:registryAuth; reach the engine by DOCKER_HOST",
        });
      }
      return { inputs, failures };
    },
    async configure(values) {
      const auth =
        typeof values.registryAuth === "string" ? JSON.parse(values.registryAuth) : values.registryAuth;
      config = {
        host: typeof values.host === "string" && values.host !== "" ? values.host : undefined,
        registryAuth: Array.isArray(auth) ? auth.filter(isMap) : [],
      };
    },
    async check(args, context) {
      refuseOthers(context.type);
      return checkImage(args.olds.values, args.news);
    },
    async diff(args, context) {
      refuseOthers(context.type);
      return { changes: diffImage(args.oldInputs.values, args.newInputs.values) };
    },
    async create(inputs, context): Promise<CreateResult> {
      const outputs = await deploy(inputs, context);
      return { id: context.preview ? "" : String(inputs.values.imageName), outputs };
    },
    async update(args, context) {
      return deploy(args.newInputs, context);
    },
    /** Does not look for the pushed image: `check` does, at each deployment. */
    async read({ id, state, inputs }) {
      if (Object.keys(state.values).length === 0) {
        throw new Error(
          `docker.Image "${id}" cannot be imported, because the program that declares an image builds it`,
        );
      }
      return { id, outputs: state, inputs };
    },
    /** Keeps the tags, in the engine and in the registry, because other programs may use them. */
    async delete() {},
  };
}

function refuseOthers(type: string): void {
  if (type === imageType) return;
  throw new Error(
    `this docker plugin builds images only (${imageType}), not ${type}; install the official one: pulumi plugin install resource docker`,
  );
}

function buildOutputs(values: PropertyMap, { build }: ImageInputs): PropertyMap {
  const given = values.build;
  if (!isMap(given)) return { context: unknown, dockerfile: unknown, platform: unknown };
  const isKnown = given.context !== unknown && given.dockerfile !== unknown;
  return {
    context: given.context ?? unknown,
    dockerfile: isKnown ? relative(build.context, build.dockerfile) : unknown,
    platform: given.platform ?? unknown,
  };
}

/** Credentials from the program, for the registry in the image's name. */
function ofInputs({ imageName, registry }: ImageInputs): RegistryCredentials | undefined {
  if (!registry.username && !registry.password) return undefined;
  const serveraddress = registryHost(parseImageName(imageName).registry);
  return { serveraddress, username: registry.username ?? "", password: registry.password ?? "" };
}

/** Credentials from the provider's `registryAuth`. */
function ofRegistryAuth(auth: PropertyMap): RegistryCredentials | undefined {
  const { address, username, password } = auth;
  if (typeof address !== "string" || typeof username !== "string") return undefined;
  return {
    serveraddress: registryHost(address),
    username,
    password: typeof password === "string" ? password : "",
  };
}

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readContext } from "../../../host/build-context.ts";
import { contextDigest } from "../../../host/context-digest.ts";
import type { CheckFailure, CheckResult } from "../protocol/resource-provider.ts";
import { isMap, type Properties, type PropertyMap, unknown, type Value } from "../protocol/values.ts";
import { parseImageName, registryHost } from "./image-name.ts";
import { timesLost } from "./lost-image.ts";

/** Type of an input: a scalar, a list of strings, a map of strings, or a map with these keys. */
type Shape = "string" | "boolean" | "number" | "strings" | "string map" | { [key: string]: Shape };

const shape = {
  imageName: "string",
  skipPush: "boolean",
  buildOnPreview: "boolean",
  registry: { server: "string", username: "string", password: "string" },
  build: {
    context: "string",
    dockerfile: "string",
    platform: "string",
    target: "string",
    network: "string",
    builderVersion: "string",
    args: "string map",
    addHosts: "strings",
    cacheFrom: { images: "strings" },
    contextDigest: "string",
    timesLost: "number",
  },
} as const satisfies { [key: string]: Shape };

const hostPlatform = `linux/${{ x64: "amd64", ia32: "386" }[process.arch as string] ?? process.arch}`;

/**
 * Checks the inputs of a docker.Image, fills in the defaults (context `.`, its `Dockerfile`, this machine's platform) and adds
 * `build.contextDigest`, and `build.timesLost` when the registry has lost the image. Relative paths start from the working directory, which is the Pulumi program's. Values that are not
 * known yet pass, and the digest is then unknown too.
 *
 * @param olds checked inputs of the last deployment; empty for a new resource
 * @returns all failures at once, each with the path of the input.
 */
export async function checkImage(olds: PropertyMap, news: Properties): Promise<CheckResult> {
  const failures: CheckFailure[] = [];
  const fail = (property: string, reason: string): void => {
    failures.push({ property, reason });
  };
  checkShape(news.values, shape, "", fail);
  const values = structuredClone(news.values);
  if (failures.length === 0) {
    if (values.imageName === undefined) fail("imageName", "is required, like localhost:5000/api:1.0");
    checkName(values, fail);
    values.build = await checkBuild(isMap(values.build) ? values.build : {}, values.build, fail);
    const lost = failures.length === 0 ? await timesLost(olds, values) : undefined;
    if (lost !== undefined && isMap(values.build)) values.build.timesLost = lost;
  }
  const secretPaths = [...news.secretPaths, ["registry", "password"]];
  // Refused inputs are returned unchanged, because the engine would reject an unknown digest among them.
  return { inputs: { values: failures.length > 0 ? news.values : values, secretPaths }, failures };
}

type Fail = (property: string, reason: string) => void;

function checkShape(value: Value | undefined, expected: Shape, path: string, fail: Fail): void {
  if (value === undefined || value === null || value === unknown) return;
  const wrong = (what: string): void => fail(path, `must be ${what}, not ${JSON.stringify(value)}`);
  const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
  if (expected === "string" || expected === "boolean" || expected === "number") {
    if (typeof value !== expected) wrong(`a ${expected}`);
  } else if (expected === "strings") {
    if (!Array.isArray(value)) wrong("a list of strings");
    else {
      value.forEach((item, index) => {
        checkShape(item, "string", `${path}[${index}]`, fail);
      });
    }
  } else if (!isMap(value)) {
    wrong("an object");
  } else {
    for (const [key, item] of Object.entries(value)) {
      if (expected === "string map") checkShape(item, "string", below(key), fail);
      else if (Object.hasOwn(expected, key)) checkShape(item, expected[key] as Shape, below(key), fail);
      else if (!key.startsWith("__")) fail(below(key), "this plugin does not know this input; remove it");
    }
  }
}

function checkName(values: PropertyMap, fail: Fail): void {
  const { imageName, skipPush } = values;
  if (typeof imageName !== "string" || imageName === unknown) return;
  try {
    const { registry } = parseImageName(imageName);
    if (skipPush === true || skipPush === unknown) return;
    if (registry === undefined) {
      fail(
        "imageName",
        `"${imageName}" is not fully qualified: the name of a pushed image contains its registry, like localhost:5000/${imageName}; add it or set skipPush`,
      );
      return;
    }
    const given = isMap(values.registry) ? values.registry : {};
    const { server, username, password } = given;
    if (typeof server !== "string" || server === "" || server === unknown || !(username || password)) return;
    if (registryHost(server) !== registryHost(registry)) {
      fail(
        "registry.server",
        `these credentials are for ${registryHost(server)}, but "${imageName}" is pushed to ${registry}; name the same registry in both`,
      );
    }
  } catch (error) {
    fail("imageName", (error as Error).message);
  }
}

async function checkBuild(given: PropertyMap, whole: Value | undefined, fail: Fail): Promise<Value> {
  if (whole === unknown) return unknown;
  const context = given.context || ".";
  const build: PropertyMap = {
    ...given,
    context,
    dockerfile: given.dockerfile || (context === unknown ? unknown : join(String(context), "Dockerfile")),
    platform: given.platform || hostPlatform,
  };
  if (given.builderVersion === "BuilderBuildKit") {
    fail(
      "build.builderVersion",
      "this plugin builds with the engine's own builder only; use BuilderV1 or leave it out",
    );
  } else if (
    given.builderVersion &&
    given.builderVersion !== "BuilderV1" &&
    given.builderVersion !== unknown
  ) {
    fail("build.builderVersion", `must be BuilderV1, not ${JSON.stringify(given.builderVersion)}`);
  }
  if (build.platform !== unknown && !/^linux\/\w+(\/\w+)?$/.test(String(build.platform))) {
    fail(
      "build.platform",
      `must be linux and one architecture, such as linux/amd64, not ${JSON.stringify(build.platform)}`,
    );
  }
  build.contextDigest = await digestOf(build, fail);
  return build;
}

async function digestOf(build: PropertyMap, fail: Fail): Promise<string> {
  if (build.context === unknown || build.dockerfile === unknown) return unknown;
  const [context, dockerfile] = [String(build.context), String(build.dockerfile)];
  if (/^(https?|git|ssh):\/\/|^git@/.test(context)) {
    fail("build.context", `"${context}" is remote; this plugin builds from a folder: check it out first`);
    return unknown;
  }
  const found = await stat(dockerfile).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error || !found.isFile()) {
    const reason = found instanceof Error ? (found.code ?? found.message) : "it is not a file";
    const hint = "paths start from the program's folder; set build.context or build.dockerfile";
    fail("build.dockerfile", `could not open dockerfile at relative path ${dockerfile}: ${reason} (${hint})`);
    return unknown;
  }
  try {
    return await contextDigest(await readContext(context, dockerfile));
  } catch (error) {
    fail("build.context", (error as Error).message);
    return unknown;
  }
}

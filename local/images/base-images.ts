import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { UserError } from "../../contract/user-error.ts";
import { readContext } from "../../host/build-context.ts";
import { sha256 } from "../../host/digest.ts";
import { startTimeOf } from "../../host/process-table.ts";
import { tryCommand } from "../../host/run-command.ts";
import { type Report, step } from "../../host/steps.ts";
import { dataDir } from "../paths.ts";
import { buildImage } from "../plugins/docker/build.ts";
import { connectEngine } from "../plugins/docker/engine.ts";
import { pushImage } from "../plugins/docker/push.ts";
import { recordBuilt } from "./image-age.ts";
import { assembleImage, packageFolder } from "./image-files.ts";
import { imageName, imagePlatform, imageUser, isWithinTag, type Recipe, recipes } from "./recipes.ts";
import { digestLabel, hasSameContent, storedInEngine, storedInRegistry } from "./stored-image.ts";
import { findMirrors, unpackPackages } from "./unpack-packages.ts";

const buildFolder = join(dataDir, "image-build");
const timeLimitMs = 10 * 60_000;
const buildTime = new Date("2026-01-01T00:00:00Z");

/** Which images are made, and from what. */
export interface BaseImageOptions {
  /** Whether all images are built with the newest packages of Debian. One whose files are the same keeps its digest. */
  update?: boolean;
  /** Default: the base images of every stack. */
  wanted?: readonly Recipe[];
}

/**
 * Makes sure that the embedded registry has the base images. An image with the same inputs (recipe, Node.js version,
 * this code) is left alone. An image that only the engine has is pushed. An image gets its tag when its build is
 * complete, so a killed run leaves no incomplete image.
 *
 * @throws {UserError} when a package is not available, or when the engine or the registry fails.
 */
export async function ensureBaseImages(
  engine: { socketPath: string },
  { update = false, wanted = recipes }: BaseImageOptions = {},
): Promise<void> {
  await step("Base images", async (report) => {
    const plans = await Promise.all(wanted.map((recipe) => planFor(engine.socketPath, recipe, update)));
    const plansTo = (action: Plan["action"]): Plan[] => plans.filter((plan) => plan.action === action);
    if (plansTo("none").length === plans.length) return report("unchanged");
    const docker = await connectEngine(`unix://${engine.socketPath}`);
    for (const { recipe } of plansTo("forget")) await docker.getImage(imageName(recipe)).remove();
    for (const { recipe } of plansTo("push")) await push(docker, recipe, report);
    const versions = await buildAll(docker, plansTo("build"), report);
    const done = [
      ...(versions.length > 0 ? [`built ${versions.join(", ")}`] : []),
      ...(plansTo("push").length > 0 ? [`pushed ${plansTo("push").map(({ recipe }) => recipe.name)}`] : []),
    ];
    report(done.join("; ") || "unchanged");
  });
}

/** `forget`: the image in the registry is right, but the engine has an old image with the same name and would build on it. */
interface Plan {
  recipe: Recipe;
  inputs: string;
  action: "none" | "forget" | "push" | "build";
}

async function planFor(socketPath: string, recipe: Recipe, update: boolean): Promise<Plan> {
  const unreachable = (what: string, log: string) => (error: Error) => {
    throw new UserError(
      `${what} does not answer: ${(error.cause as Error | undefined)?.message ?? error.message}`,
      `read npm run logs -- ${log}; npm run up starts it`,
    );
  };
  const [inputs, inRegistry, inEngine] = await Promise.all([
    inputsDigest(recipe),
    storedInRegistry(recipe).catch(unreachable("the registry", "registry")),
    storedInEngine(socketPath, recipe).catch(unreachable("the Docker engine", "dockerd")),
  ]);
  if (update) return { recipe, inputs, action: "build" };
  if (inRegistry !== inputs) return { recipe, inputs, action: inEngine === inputs ? "push" : "build" };
  const isStale = inEngine !== undefined && inEngine !== inputs;
  return { recipe, inputs, action: isStale ? "forget" : "none" };
}

/** Returns the SHA-256 of everything that determines the content of an image, except for the versions in Debian. */
async function inputsDigest(recipe: Recipe): Promise<string> {
  const files = ["image-files.ts", "shared-libraries.ts", "unpack-packages.ts"].map((file) =>
    join(import.meta.dirname, file),
  );
  if (recipe.npm !== undefined) files.unshift(join(packageFolder(recipe.npm.package), "package.json"));
  return sha256(JSON.stringify(recipe), ...(await Promise.all(files.map((file) => readFile(file)))));
}

/** Builds and pushes images. @returns `name version` of each. */
async function buildAll(docker: Docker, plans: readonly Plan[], report: Report): Promise<string[]> {
  if (plans.length === 0) return [];
  await removeLeftovers();
  const folder = join(buildFolder, String(process.pid));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    report("looking up Debian mirrors");
    const mirrors = await findMirrors();
    const suites = [...new Set(plans.map(({ recipe }) => recipe.suite))];
    const doneBySuite = await Promise.all(
      suites.map(async (suite) => {
        const own = plans.filter(({ recipe }) => recipe.suite === suite);
        report(`downloading packages of Debian ${suite}`);
        const packages = [...new Set(own.flatMap(({ recipe }) => recipe.packages))];
        const root = await unpackPackages(suite, packages, join(folder, suite), mirrors);
        const done: string[] = [];
        for (const plan of own) {
          done.push(await buildOne(docker, plan, root, join(folder, plan.recipe.name), report));
        }
        return done;
      }),
    );
    await recordBuilt(plans.map(({ recipe }) => recipe.name));
    // Removes the replaced images, except for those that other images are built on.
    await docker.pruneImages({ filters: { dangling: ["true"], label: [digestLabel] } });
    return doneBySuite.flat();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildOne(
  docker: Docker,
  { recipe, inputs }: Plan,
  packages: string,
  folder: string,
  report: Report,
): Promise<string> {
  report(`assembling ${recipe.name}`);
  const image = join(folder, "root");
  await assembleImage(recipe, packages, image);
  const version = await versionOf(recipe, image);
  await writeFile(join(folder, "Dockerfile"), dockerfile(recipe, inputs, version));
  report(`building ${recipe.name} ${version}`);
  const context = await readContext(folder, join(folder, "Dockerfile"));
  // With a fixed time, the same files always give the same layer.
  const entries = context.entries.map((entry) => ({ ...entry, mtime: buildTime }));
  await buildImage(
    docker,
    imageName(recipe),
    { ...context, entries },
    {
      context: folder,
      dockerfile: "Dockerfile",
      platform: imagePlatform,
      args: {},
      cacheFrom: [],
      addHosts: [],
      contextDigest: "",
    },
    { credentials: {}, signal: AbortSignal.timeout(timeLimitMs), output: () => {} },
  ).catch((error: Error) => {
    throw new UserError(
      `${recipe.name}: ${error.message}`,
      "check npm run logs -- dockerd and the free disk space, then run the command again",
    );
  });
  const { RootFS } = await docker.getImage(imageName(recipe)).inspect();
  if (await hasSameContent(recipe, inputs, RootFS.Layers ?? []))
    return `${recipe.name} ${version} (as before)`;
  await push(docker, recipe, report);
  return `${recipe.name} ${version}`;
}

async function push(docker: Docker, recipe: Recipe, report: Report): Promise<void> {
  report(`pushing ${recipe.name}`);
  const signal = AbortSignal.timeout(timeLimitMs);
  await pushImage(docker, imageName(recipe), { credentials: undefined, signal, output: () => {} }).catch(
    (error: Error) => {
      throw new UserError(
        `${recipe.name}: ${error.message}`,
        "check npm run logs -- registry and the free disk space, then run the command again",
      );
    },
  );
}

/** Asks the program for its version. It runs with the files of the image only, so it fails when a file is missing. */
async function versionOf(recipe: Recipe, image: string): Promise<string> {
  const [program, ...args] = recipe.version;
  if (program === undefined) return recipe.tag;
  const path = [...recipe.programs, recipe.npm?.to].find((each) => each?.endsWith(`/${program}`));
  const { exitCode, stdout, stderr } = await tryCommand("chroot", [image, path ?? program, ...args]);
  const output = `${stdout}${stderr}`.trim();
  const version = exitCode === 0 ? /\d+(\.\d+)+/.exec(output)?.[0] : undefined;
  if (version === undefined || !isWithinTag(version, recipe.tag)) {
    throw new UserError(
      `Debian ${recipe.suite} has ${recipe.name} ${version ?? `of unknown version (${output})`}, but the image's tag is ${recipe.tag}`,
      "correct the tag or the release in local/images/recipes.ts",
    );
  }
  return version;
}

/** Returns the Dockerfile of one image. */
export function dockerfile(recipe: Recipe, inputs: string, version: string): string {
  const lines = [
    "FROM scratch",
    "COPY root/ /",
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    `USER ${imageUser.id}:${imageUser.id}`,
    ...recipe.config,
    `LABEL ${digestLabel}=${inputs} org.opencontainers.image.version=${version}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Removes the folders of runs that were killed. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(buildFolder).catch(() => [])) {
    if ((await startTimeOf(Number(name))) === undefined)
      await rm(join(buildFolder, name), { recursive: true, force: true });
  }
}

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { UserError } from "../../contract/user-error.ts";
import { startTimeOf } from "../../host/process-table.ts";
import { tryCommand } from "../../host/run-command.ts";
import { type Report, step } from "../../host/steps.ts";
import { dataDir } from "../paths.ts";
import { buildImage } from "../plugins/docker/build.ts";
import { readContext } from "../plugins/docker/context-files.ts";
import { connectEngine } from "../plugins/docker/engine.ts";
import { pushImage } from "../plugins/docker/push.ts";
import { assembleImage, packageFolder } from "./image-files.ts";
import { imageName, imageUser, isWithinTag, type Recipe, recipes } from "./recipes.ts";
import { digestLabel, storedInEngine, storedInRegistry } from "./stored-image.ts";
import { findMirrors, unpackPackages } from "./unpack-packages.ts";

const buildFolder = join(dataDir, "image-build");
const timeLimitMs = 10 * 60_000;
const buildTime = new Date("2026-01-01T00:00:00Z");

/**
 * Sees to it that the embedded registry has the base images. One that is there and was made from the same inputs
 * (recipe, Node version, this code) is left alone; one that the engine still holds is only pushed. What is built gets
 * its tag when it is complete, so a run that is killed leaves no half image.
 *
 * @throws {UserError} when a package cannot be had, or the engine or the registry refuses.
 */
export async function ensureBaseImages(engine: { socketPath: string }): Promise<void> {
  await step("Base images", async (report) => {
    const plans = await Promise.all(recipes.map((recipe) => planFor(engine.socketPath, recipe)));
    const of = (action: Plan["action"]): Plan[] => plans.filter((plan) => plan.action === action);
    if (of("none").length === plans.length) return report("unchanged");
    const docker = await connectEngine(`unix://${engine.socketPath}`);
    for (const { recipe } of of("forget")) await docker.getImage(imageName(recipe)).remove();
    for (const { recipe } of of("push")) await push(docker, recipe, report);
    const versions = await buildAll(docker, of("build"), report);
    const told = [
      ...(versions.length > 0 ? [`built ${versions.join(", ")}`] : []),
      ...(of("push").length > 0 ? [`pushed ${of("push").map(({ recipe }) => recipe.name)}`] : []),
    ];
    report(told.join("; ") || "unchanged");
  });
}

/** `forget`: the registry is right, but the engine has an older image of the name, on which it would build. */
interface Plan {
  recipe: Recipe;
  inputs: string;
  action: "none" | "forget" | "push" | "build";
}

async function planFor(socketPath: string, recipe: Recipe): Promise<Plan> {
  const unreachable = (what: string, log: string) => (error: Error) => {
    throw new UserError(
      `${what} does not answer: ${(error.cause as Error | undefined)?.message ?? error.message}`,
      `See npm run logs -- ${log}; npm run up starts it`,
    );
  };
  const [inputs, inRegistry, inEngine] = await Promise.all([
    inputsDigest(recipe),
    storedInRegistry(recipe).catch(unreachable("the registry", "registry")),
    storedInEngine(socketPath, recipe).catch(unreachable("the Docker engine", "dockerd")),
  ]);
  if (inRegistry !== inputs) return { recipe, inputs, action: inEngine === inputs ? "push" : "build" };
  const isStale = inEngine !== undefined && inEngine !== inputs;
  return { recipe, inputs, action: isStale ? "forget" : "none" };
}

/** SHA-256 of everything that decides what is in an image, except for what Debian serves at the time. */
async function inputsDigest(recipe: Recipe): Promise<string> {
  const digest = createHash("sha256").update(JSON.stringify(recipe));
  if (recipe.npm !== undefined) {
    digest.update(await readFile(join(packageFolder(recipe.npm.package), "package.json")));
  }
  for (const file of ["image-files.ts", "shared-libraries.ts", "unpack-packages.ts"]) {
    digest.update(await readFile(join(import.meta.dirname, file)));
  }
  return digest.digest("hex");
}

/** Builds and pushes; returns `name version` of each. */
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
    // The images that these replace; what is built on top of one still keeps it.
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
  report(`putting ${recipe.name} together`);
  const image = join(folder, "root");
  await assembleImage(recipe, packages, image);
  const version = await versionOf(recipe, image);
  await writeFile(join(folder, "Dockerfile"), dockerfile(recipe, inputs, version));
  report(`building ${recipe.name} ${version}`);
  const context = await readContext(folder, join(folder, "Dockerfile"));
  // The same files give the same layer, whenever they were unpacked.
  const entries = context.entries.map((entry) => ({ ...entry, mtime: buildTime }));
  await buildImage(
    docker,
    imageName(recipe),
    { ...context, entries },
    {
      context: folder,
      dockerfile: "Dockerfile",
      platform: "linux/amd64",
      args: {},
      cacheFrom: [],
      addHosts: [],
      contextDigest: "",
    },
    { credentials: {}, signal: AbortSignal.timeout(timeLimitMs), output: () => {} },
  ).catch((error: Error) => {
    throw new UserError(`${recipe.name}: ${error.message}`, "See npm run logs -- dockerd; is the disk full?");
  });
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
        "See npm run logs -- registry; is the disk full? Then run the command again",
      );
    },
  );
}

/** Runs the program inside of its own files, which also shows that none is missing. */
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
      "Correct the tag or the release in local/images/recipes.ts",
    );
  }
  return version;
}

/** The Dockerfile of one image. */
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

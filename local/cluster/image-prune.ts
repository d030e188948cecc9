import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterApi } from "../../host/cluster-api.ts";
import { runCommand, tryCommand } from "../../host/run-command.ts";
import { step } from "../../host/steps.ts";
import { imageName, recipes } from "../images/recipes.ts";
import { dataPaths, registryAddress } from "../paths.ts";
import { type StoredImage, storedImages, unusedImages } from "./image-store.ts";
import { connectKubeApi } from "./kube-api.ts";
import { places } from "./layout.ts";
import { withMachineLock } from "./machine-lock.ts";
import { stopDaemon } from "./process-supervisor.ts";
import { collectRegistryGarbage, registryEndpoint, startRegistry } from "./registry.ts";

/** Number of images that nothing refers to which may stay. Below it, nothing but files is read. */
const unusedMost = 8;
const graceMs = 3_600_000;

/** Lists of objects whose pods name images, also those of earlier revisions. */
const referring = [
  "/api/v1/pods",
  "/apis/apps/v1/replicasets",
  "/apis/apps/v1/controllerrevisions",
  "/apis/apps/v1/deployments",
  "/apis/apps/v1/statefulsets",
  "/apis/apps/v1/daemonsets",
  "/apis/batch/v1/jobs",
  "/apis/batch/v1/cronjobs",
];

/**
 * Deletes images of this project's repositories in the embedded registry when more than eight are unused: no stack's
 * state, pod or earlier revision refers to them, and they were pushed more than an hour ago. Containerd and the registry
 * free their layers. To be called while no other command uses the cluster, because it may push.
 *
 * @throws {UserError} when the registry does not start again.
 */
export async function pruneImages(): Promise<void> {
  const references = await stateTexts();
  if (references === undefined) return;
  const choose = async (): Promise<StoredImage[]> =>
    unusedImages(await storedImages(places.registry), references, {
      registry: registryAddress,
      keep: recipes.map((recipe) => imageName(recipe).slice(registryAddress.length + 1)),
      nowMs: Date.now(),
      graceMs,
    });
  if ((await choose()).length <= unusedMost) return;
  await step("Delete images that no stack uses", async (report) => {
    const api = await connectKubeApi();
    try {
      references.push(...(await objectTexts(api)));
    } finally {
      api.close();
    }
    const unused = await choose();
    for (const { repository, digest } of unused)
      await fetch(`${registryEndpoint}/v2/${repository}/manifests/${digest}`, { method: "DELETE" });
    await removeFromContainerd(unused.map(({ digest }) => digest));
    await removeFromEngine(unused);
    await withMachineLock(async () => {
      await stopDaemon("registry");
      await collectRegistryGarbage().finally(startRegistry);
    });
    report(String(unused.length));
  });
}

/** Returns the states of all stacks; undefined when one is compressed. */
async function stateTexts(): Promise<string[] | undefined> {
  const folder = join(dataPaths.pulumiState, ".pulumi/stacks");
  const files = await readdir(folder, { recursive: true }).catch((): string[] => []);
  if (files.some((file) => file.endsWith(".gz"))) return undefined;
  const states = files.filter((file) => file.endsWith(".json"));
  return Promise.all(states.map((file) => readFile(join(folder, file), "utf8")));
}

const objectTexts = (api: ClusterApi): Promise<string[]> =>
  Promise.all(referring.map((path) => api.getText(path)));

/** Removes the names of images from the namespace of the kubelet. Containerd deletes layers without a name. */
async function removeFromContainerd(digests: readonly string[]): Promise<void> {
  const ctr = ["--address", places.containerdSocket, "--namespace", "k8s.io", "images"];
  const lines = (await runCommand("ctr", [...ctr, "list"])).split("\n").slice(1);
  const names = lines.flatMap((line) => {
    const [name = "", , digest = ""] = line.split(/\s+/);
    return digests.includes(digest) ? [name] : [];
  });
  if (names.length > 0) await runCommand("ctr", [...ctr, "remove", ...names]);
}

/** Removes the names of images from the embedded Docker engine, if that runs. It keeps what a container uses. */
async function removeFromEngine(images: readonly StoredImage[]): Promise<void> {
  const engine = ["--host", `unix://${places.dockerSocket}`];
  for (const { repository, tags } of images)
    for (const tag of tags)
      await tryCommand("docker", [...engine, "image", "rm", `${registryAddress}/${repository}:${tag}`]);
}

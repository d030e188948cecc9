import { step } from "../host/steps.ts";
import { together } from "../host/together.ts";
import { requireFreeRanges } from "./cluster/address-ranges.ts";
import { clusterUp } from "./cluster/cluster.ts";
import { ensureDockerEngine } from "./cluster/docker-engine.ts";
import { requireOnlyServiceProxy } from "./cluster/other-cluster.ts";
import { ensureRegistry } from "./cluster/registry.ts";
import { metricsServerIsNeeded, recordNeeds, type StackNeeds } from "./cluster/stack-needs.ts";
import { ensureBaseImages } from "./images/base-images.ts";
import { dataPaths } from "./paths.ts";
import { ensurePlugins } from "./plugins/install.ts";
import { pulumiEnvironment } from "./pulumi-environment.ts";
import { removeStaleLocks } from "./stale-locks.ts";
import { ensurePackages } from "./toolchain/debian-packages.ts";
import { preflight } from "./toolchain/preflight.ts";
import { downloadAhead, ensureTool, ensureTools, type Tools } from "./toolchain/toolchain.ts";
import { goTools, metricsServer } from "./toolchain/tools.ts";

/**
 * Brings the embedded cluster to the point where `pulumi up` works: packages, tools, plugins, engine, registry, base
 * images, Kubernetes. It leaves every part alone that is already present, so it also repairs a cluster whose start was
 * interrupted. What waits for the network or the disk is done while the compiler works.
 *
 * @param needs what the command's stack asks of the cluster; without it, the needs of all stacks stay as they are.
 * @param updateImages whether the base images are built again with the newest packages of Debian.
 * @returns the environment for Pulumi and kubectl.
 * @throws {UserError} when a part cannot be installed or started.
 */
export async function bringUp(needs?: StackNeeds, updateImages = false): Promise<Record<string, string>> {
  const withMetrics = needs?.metricsServer === true || (await metricsServerIsNeeded());
  await preflight(withMetrics ? [metricsServer] : []);
  const [engine, tools] = await together(
    () => prepareMachine(updateImages),
    () => prepareTools(needs),
    downloadAhead,
  );
  await clusterUp(tools);
  const locks = await removeStaleLocks(dataPaths.pulumiState);
  if (locks.length > 0) console.error(`  ! removed ${locks.length} lock(s) of a pulumi that was killed`);
  return pulumiEnvironment(tools.searchPath, engine.socketPath);
}

/** Installs the Debian packages and makes what needs only them. @param updateImages see `bringUp` @returns the Docker engine. */
async function prepareMachine(updateImages: boolean): Promise<{ socketPath: string }> {
  await ensurePackages();
  await requireFreeRanges();
  await requireOnlyServiceProxy();
  const engine = await step("Docker engine and registry", async () => {
    const running = await ensureDockerEngine();
    await ensureRegistry();
    return running;
  });
  await ensureBaseImages(engine, { update: updateImages });
  return engine;
}

/** Builds the tools, and Pulumi's plugins where they cannot be downloaded. One build runs at a time: each uses all CPUs. */
async function prepareTools(needs: StackNeeds | undefined): Promise<Tools> {
  const untilPulumi = ["etcd", "language-nodejs", "pulumi"];
  const first = await ensureTools(goTools.filter(({ module }) => untilPulumi.includes(module)));
  const all = ensureTools();
  await together(
    () => all,
    () => ensurePlugins(first, all),
  );
  if (needs !== undefined) await recordNeeds(needs);
  // Built before the cluster changes, since other commands wait three minutes at most for a change.
  if (await metricsServerIsNeeded()) await ensureTool(metricsServer);
  return all;
}

import { step } from "../host/steps.ts";
import { requireFreeRanges } from "./cluster/address-ranges.ts";
import { clusterUp } from "./cluster/cluster.ts";
import { ensureDockerEngine } from "./cluster/docker-engine.ts";
import { ensureRegistry } from "./cluster/registry.ts";
import { ensureBaseImages } from "./images/base-images.ts";
import { dataPaths } from "./paths.ts";
import { ensurePlugins } from "./plugins/install.ts";
import { pulumiEnvironment } from "./pulumi-environment.ts";
import { removeStaleLocks } from "./stale-locks.ts";
import { ensurePackages } from "./toolchain/debian-packages.ts";
import { preflight } from "./toolchain/preflight.ts";
import { ensureTools } from "./toolchain/toolchain.ts";

/**
 * Brings the embedded cluster to the point where `pulumi up` works: packages, tools, plugins, engine, registry, base
 * images, Kubernetes. It leaves every part alone that is already present, so it also repairs a cluster whose start was
 * interrupted.
 *
 * @returns the environment for Pulumi and kubectl.
 * @throws {UserError} when a part cannot be installed or started.
 */
export async function bringUp(): Promise<Record<string, string>> {
  await preflight();
  await ensurePackages();
  await requireFreeRanges();
  const tools = await ensureTools();
  await ensurePlugins(tools);
  const engine = await step("Docker engine and registry", async () => {
    const running = await ensureDockerEngine();
    await ensureRegistry();
    return running;
  });
  await ensureBaseImages(engine);
  await clusterUp(tools);
  const locks = await removeStaleLocks(dataPaths.pulumiState);
  if (locks.length > 0) console.error(`  ! removed ${locks.length} lock(s) of a pulumi that was killed`);
  return pulumiEnvironment(tools.binDir, engine.socketPath);
}

import { chmod, lstat, mkdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import type { ClusterApi } from "../../host/cluster-api.ts";
import { runCommand } from "../../host/run-command.ts";
import { writeConfigFile } from "./config-file.ts";
import { places } from "./layout.ts";

/** The host path provisioner of kube-controller-manager creates volumes here, and nowhere else; see open-volumes.sh. */
export const provisionerDir = "/tmp/hostpath_pv";

/** Returns the mount points at or below a folder, deepest first. */
export async function mountsUnder(folder: string): Promise<string[]> {
  return parseMountPoints(await readFile("/proc/self/mounts", "utf8"))
    .filter((point) => point === folder || point.startsWith(`${folder}/`))
    .toReversed();
}

/** Reads the mount points from the text of /proc/self/mounts, in the order of the mounts. */
export function parseMountPoints(mounts: string): string[] {
  return mounts
    .split("\n")
    .flatMap((line) => line.split(" ")[1] ?? [])
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}

/** Unmounts everything at or below a folder. */
export async function unmountAll(folder: string): Promise<void> {
  const points = await mountsUnder(folder);
  if (points.length > 0) await runCommand("umount", ["--lazy", "--", ...points]);
}

/**
 * Mounts the data folder's volumes at the path where the provisioner creates them. So the volumes are not in /tmp,
 * which machines clean by age or at boot, and only root can enter them.
 *
 * @throws {UserError} when the path exists and is not a folder of root.
 */
export async function ensureVolumes(): Promise<void> {
  await mkdir(places.volumes, { recursive: true, mode: 0o700 });
  await mkdir(provisionerDir, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const found = await lstat(provisionerDir);
  if (!found.isDirectory() || found.uid !== 0)
    throw new UserError(
      `${provisionerDir}, where Kubernetes creates volumes, is not a folder of root`,
      "check its content and remove it, then run the command again",
    );
  if (!(await mountsUnder(provisionerDir)).includes(provisionerDir))
    await runCommand("mount", ["--bind", places.volumes, provisionerDir]);
  await chmod(provisionerDir, 0o700);
}

/** Removes the mount of the volumes, and its mount point when that is empty. The volumes stay. */
export async function removeVolumesMount(): Promise<void> {
  if ((await mountsUnder(provisionerDir)).length === 0) return;
  await unmountAll(provisionerDir);
  await rmdir(provisionerDir).catch(() => {});
}

/**
 * Writes the hook that containerd runs before each container starts (open-volumes.sh). The provisioner creates a
 * volume's folder for root alone, with mode 0750, or 0700 under the mask. The kubelet sets no owner on volumes of this
 * kind, and pods do not run as root. The hook leaves folders alone whose mode was changed since.
 *
 * @returns its path.
 */
export async function writeVolumeHook(): Promise<string> {
  const script = await readFile(join(import.meta.dirname, "open-volumes.sh"), "utf8");
  const path = await writeConfigFile(join(places.config, "open-volumes"), script);
  await chmod(path, 0o700);
  return path;
}

/** Creates the default StorageClass. */
export async function applyStorageClass(api: ClusterApi): Promise<void> {
  await api.apply("/apis/storage.k8s.io/v1/storageclasses/standard", {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: {
      name: "standard",
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    } as { name: string },
    provisioner: "kubernetes.io/host-path",
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
  });
}

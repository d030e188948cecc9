import { mkdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { runCommand } from "../../host/run-command.ts";
import { registryAddress } from "../paths.ts";
import { writeConfigFile } from "./config-file.ts";
import { makeFolders, places, runDir } from "./layout.ts";
import { network } from "./network.ts";
import { ensureDaemon } from "./process-supervisor.ts";
import { waitFor } from "./readiness.ts";
import { registryEndpoint } from "./registry.ts";
import { writeVolumeHook } from "./storage.ts";

/** Name of the bridge network in the CNI configuration. The names of its cache files begin with it. */
export const cniNetworkName = "breakwater";

/**
 * Starts the cluster's own containerd. The kubelet and the embedded Docker engine use it, each in a namespace.
 *
 * @throws {UserError} when it does not start.
 */
export async function ensureContainerd(): Promise<void> {
  await makeFolders();
  const hostsDir = join(places.config, "containerd-hosts");
  await writeConfigFile(
    join(hostsDir, registryAddress, "hosts.toml"),
    `server = "${registryEndpoint}"\n\n[host."${registryEndpoint}"]\n  capabilities = ["pull", "resolve"]\n`,
  );
  const networks = join(places.cni, "networks");
  await writeConfigFile(join(networks, "10-breakwater.conflist"), JSON.stringify(cniNetwork, undefined, 2));
  const baseSpec = await writeConfigFile(join(places.config, "base-spec.json"), await baseContainerSpec());
  const config = await writeConfigFile(
    join(places.config, "containerd.toml"),
    containerdConfig({ hostsDir, networks, baseSpec }),
  );
  await mkdir(places.containerd, { recursive: true, mode: 0o711 });
  await ensureDaemon({
    name: "containerd",
    command: "containerd",
    args: ["--config", config],
    configFiles: [config, baseSpec],
    umask: "0022",
  });
  await waitFor({
    what: "containerd to answer",
    needs: ["containerd"],
    holds: () => accepts(places.containerdSocket),
  });
}

/** Returns containerd's default specification of a container, with the hook that opens volumes. */
async function baseContainerSpec(): Promise<string> {
  const spec = JSON.parse(await runCommand("ctr", ["oci", "spec"])) as { process: { rlimits?: unknown } };
  // The default would limit containers to 1,024 open files.
  delete spec.process.rlimits;
  const hooks = { createRuntime: [{ path: await writeVolumeHook() }] };
  return JSON.stringify({ ...spec, hooks }, undefined, 2);
}

/** Whether a process listens on a unix socket. The file alone may be left from a process that was killed. */
function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

// Works without CAP_SYS_RESOURCE: processes keep containerd's own OOM score instead of a lower score.
function containerdConfig(paths: { hostsDir: string; networks: string; baseSpec: string }): string {
  return `version = 2
root = "${places.containerd}"
state = "${places.containerdState}"
oom_score = 0

[grpc]
  address = "${places.containerdSocket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${registryAddress}/breakwater/pause:3"
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${paths.networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    base_runtime_spec = "${paths.baseSpec}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "${join(runDir, "runc")}"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${paths.hostsDir}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${join(places.containerd, "opt")}"
`;
}

/** Pods get routes to pods and Services only. They cannot reach other machines. */
const cniNetwork = {
  cniVersion: "0.4.0",
  name: cniNetworkName,
  plugins: [
    {
      type: "bridge",
      bridge: network.bridge,
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: {
        type: "host-local",
        dataDir: join(places.cni, "addresses"),
        ranges: [[{ subnet: network.nodeRange, gateway: network.nodeAddress }]],
        routes: [{ dst: network.podRange }, { dst: network.serviceRange }],
      },
    },
  ],
};

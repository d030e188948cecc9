import { mkdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { registryAddress } from "../paths.ts";
import { writeConfigFile } from "./config-file.ts";
import { makeFolders, places } from "./layout.ts";
import { network } from "./network.ts";
import { ensureService } from "./process-supervisor.ts";
import { waitFor } from "./readiness.ts";
import { registryEndpoint } from "./registry.ts";

/** Name of the bridge network in the CNI configuration; its cache files begin with it. */
export const cniNetworkName = "breakwater";

/**
 * Starts a containerd of our own; the kubelet and our Docker engine share it (each in its own namespace).
 *
 * @throws {Failure} when it does not come up.
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
  const config = await writeConfigFile(
    join(places.config, "containerd.toml"),
    containerdConfig(hostsDir, networks),
  );
  await mkdir(places.containerd, { recursive: true, mode: 0o711 });
  await ensureService({
    name: "containerd",
    command: "containerd",
    args: ["--config", config],
    configFiles: [config],
    umask: "0022",
  });
  await waitFor({
    what: "containerd to answer",
    needs: ["containerd"],
    holds: () => accepts(places.containerdSocket),
  });
}

/** Whether someone listens on a unix socket; the file alone may be left from a process that was killed. */
function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

// No CAP_SYS_RESOURCE is needed: processes keep containerd's own OOM score instead of a lower one.
function containerdConfig(hostsDir: string, networks: string): string {
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
    conf_dir = "${networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${hostsDir}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${join(places.containerd, "opt")}"
`;
}

/** Pods get routes to pods and services only: they have no way to other machines. */
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

import { mkdir } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { cgroupRoot } from "./cgroups.ts";
import { writeConfigFile } from "./config-file.ts";
import { ensureContainerd } from "./containerd.ts";
import { makeFolders, places, runDir } from "./layout.ts";
import { withMachineLock } from "./machine-lock.ts";
import { daemonState, ensureDaemon } from "./process-supervisor.ts";
import { waitFor } from "./readiness.ts";

const unixScheme = "unix://";
const wellKnownSocket = "/var/run/docker.sock";

/** Whether a Docker engine answers on a unix socket. */
async function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: "/_ping", timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once("timeout", () => call.destroy());
    call.once("error", () => resolve(false));
    call.end();
  });
}

/** Returns the socket of an engine that does not belong to the cluster: $DOCKER_HOST (unix only), else the usual path. */
async function foreignEngine(): Promise<string | undefined> {
  const host = process.env.DOCKER_HOST ?? "";
  const named = host.startsWith(unixScheme) ? [host.slice(unixScheme.length)] : [];
  for (const socketPath of [...named, wellKnownSocket])
    if (socketPath !== places.dockerSocket && (await answers(socketPath))) return socketPath;
  return undefined;
}

/** Returns the socket of the engine in use: the embedded engine when it runs, else another engine. */
export async function answeringEngine(): Promise<string | undefined> {
  const own = (await daemonState("dockerd")).state === "running" && (await answers(places.dockerSocket));
  return own ? places.dockerSocket : foreignEngine();
}

/**
 * Finds a Docker engine that builds images: the embedded engine when it runs, else an engine that answers on
 * $DOCKER_HOST or /var/run/docker.sock, else it starts the embedded engine, which supports only ADD and COPY and has no
 * container network.
 *
 * @throws {UserError} when the embedded engine does not start.
 */
export async function ensureDockerEngine(): Promise<{ socketPath: string }> {
  const foreign = (await daemonState("dockerd")).state === "running" ? undefined : await foreignEngine();
  if (foreign !== undefined) return { socketPath: foreign };
  await withMachineLock(startEngine);
  return { socketPath: places.dockerSocket };
}

async function startEngine(): Promise<void> {
  await makeFolders();
  await ensureContainerd();
  await mkdir(places.docker, { recursive: true, mode: 0o711 });
  // An empty configuration, so that the machine's /etc/docker/daemon.json does not apply.
  const config = await writeConfigFile(join(places.config, "dockerd.json"), "{}\n");
  await ensureDaemon({
    name: "dockerd",
    command: "dockerd",
    args: [
      `--config-file=${config}`,
      `--host=unix://${places.dockerSocket}`,
      `--containerd=${places.containerdSocket}`,
      `--data-root=${places.docker}`,
      `--exec-root=${join(runDir, "docker")}`,
      `--pidfile=${join(runDir, "docker.pid")}`,
      `--cgroup-parent=${cgroupRoot}/docker`,
      "--bridge=none",
      "--iptables=false",
      "--ip6tables=false",
      "--ip-forward=false",
      "--ip-masq=false",
    ],
    configFiles: [config],
    umask: "0022",
  });
  await waitFor({
    what: "the Docker engine to answer",
    needs: ["dockerd", "containerd"],
    holds: () => answers(places.dockerSocket),
  });
}

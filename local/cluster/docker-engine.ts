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

/** The socket of an engine that runs already and is not ours: $DOCKER_HOST (unix only), else the usual place. */
async function foreignEngine(): Promise<string | undefined> {
  const host = process.env.DOCKER_HOST ?? "";
  const named = host.startsWith(unixScheme) ? [host.slice(unixScheme.length)] : [];
  for (const socketPath of [...named, wellKnownSocket])
    if (socketPath !== places.dockerSocket && (await answers(socketPath))) return socketPath;
  return undefined;
}

/** The socket of the engine that would be used now: ours when it runs, else one that is not ours. */
export async function answeringEngine(): Promise<string | undefined> {
  const own = (await daemonState("dockerd")).state === "running" && (await answers(places.dockerSocket));
  return own ? places.dockerSocket : foreignEngine();
}

/**
 * Finds a Docker engine for building images: ours when it runs, else one that answers on $DOCKER_HOST or
 * /var/run/docker.sock, else ours is started. Ours builds from ADD and COPY only and has no container network.
 *
 * @throws {UserError} when ours does not come up.
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
  // An empty configuration of our own: the machine's /etc/docker/daemon.json is not for this engine.
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

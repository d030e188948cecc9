import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { runCommand } from "../../host/run-command.ts";
import { writeConfigFile } from "./config-file.ts";
import { makeFolders, places } from "./layout.ts";
import { withMachineLock } from "./machine-lock.ts";
import { ensureDaemon } from "./process-supervisor.ts";
import { waitFor } from "./readiness.ts";

const port = 5000;

/** URL of the embedded registry. It serves plain HTTP, to this machine only. */
export const registryEndpoint = `http://127.0.0.1:${port}`;

/**
 * Starts the embedded registry (Debian's docker-registry) if it does not run, and waits until it answers.
 *
 * @throws {UserError} when port 5000 is in use or the registry does not start.
 */
export async function ensureRegistry(): Promise<void> {
  await withMachineLock(startRegistry);
}

const configFile = join(places.config, "registry.yaml");

/** Deletes layers that no manifest refers to. The registry must be stopped, because a push would lose layers. */
export async function collectRegistryGarbage(): Promise<void> {
  await runCommand("docker-registry", ["garbage-collect", configFile], {
    env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
  });
}

/** Does the same as ensureRegistry, for callers that have the machine lock. */
export async function startRegistry(): Promise<void> {
  await makeFolders();
  const config = await writeConfigFile(
    configFile,
    stringify({
      version: 0.1,
      log: { level: "warn", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: places.registry }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}`, headers: { "X-Content-Type-Options": ["nosniff"] } },
    }),
  );
  await mkdir(places.registry, { recursive: true, mode: 0o700 });
  await ensureDaemon({
    name: "registry",
    command: "docker-registry",
    args: ["serve", config],
    configFiles: [config],
    listens: [{ address: "127.0.0.1", port }],
    // Tracing sends data to a collector on localhost otherwise.
    env: { OTEL_TRACES_EXPORTER: "none" },
  });
  await waitFor({
    what: "the registry to answer",
    needs: ["registry"],
    holds: async () => (await fetch(`${registryEndpoint}/v2/`)).ok,
  });
}

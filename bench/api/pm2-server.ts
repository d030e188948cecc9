import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../app/testing/free-port.ts";
import { runCommand } from "../../host/run-command.ts";
import { familyCpuSeconds, imageNode, type ServerProcess, waitForOk } from "./server-process.ts";

/** PM2 is not in package.json because of its licence, AGPL-3.0: installing this kit must not install it. */
const version = "7.0.4";
const workers = 2;

/**
 * Installs PM2 into `folder` and starts `file` as its cluster.
 *
 * @throws {Error} when npm cannot install PM2, or the cluster does not respond
 */
export async function startPm2(
  folder: string,
  file: string,
  nodeFlags: readonly string[],
): Promise<ServerProcess> {
  await runCommand(
    "npm",
    ["install", "--prefix", folder, "--ignore-scripts", "--no-fund", "--no-audit", `pm2@${version}`],
    {
      timeoutMs: 180_000,
    },
  );
  const port = await freePort();
  const home = join(folder, "home");
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    PM2_HOME: home,
    PM2_DISABLE_VERSION_CHECK: "true",
    NODE_ENV: "production",
    PORT: String(port),
  };
  const pm2 = (...args: string[]) =>
    runCommand(imageNode, [join(folder, "node_modules/pm2/bin/pm2"), ...args], { env });
  const stop = async () => void (await pm2("kill"));
  try {
    await pm2("start", file, "--instances", String(workers), "--node-args", nodeFlags.join(" "));
    await waitForOk(port, "/light");
    const pid = Number(await readFile(join(home, "pm2.pid"), "utf8"));
    return { port, cpuSeconds: () => familyCpuSeconds(pid), stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

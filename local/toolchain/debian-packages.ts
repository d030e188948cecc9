import { join } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { pollUntil } from "../../host/poll.ts";
import { runCommand } from "../../host/run-command.ts";
import { type Report, step } from "../../host/steps.ts";
import { installationWasKilled, withoutStartingDaemons } from "./no-daemons.ts";
import { isExecutable } from "./path-tools.ts";

/** A Debian package, and a program that shows that the package or another vendor's build is installed. */
export interface DebianPackage {
  name: string;
  program: string;
}

/** Packages of the embedded cluster. Its other programs are built from source. */
export const debianPackages: readonly DebianPackage[] = [
  { name: "docker.io", program: "dockerd" },
  { name: "containerd", program: "containerd" },
  { name: "runc", program: "runc" },
  { name: "containernetworking-plugins", program: "/usr/lib/cni/bridge" },
  { name: "docker-registry", program: "docker-registry" },
  { name: "mmdebstrap", program: "mmdebstrap" },
  { name: "catatonit", program: "catatonit" },
  { name: "iptables", program: "iptables" },
  { name: "ipset", program: "ipset" },
  { name: "iproute2", program: "ip" },
  { name: "conntrack", program: "conntrack" },
  { name: "binutils", program: "strip" },
];

/** Programs for the tests only: a browser for the load test's report, a linter for shell scripts, servers for the API. */
export const testPackages: readonly DebianPackage[] = [
  { name: "chromium", program: "/usr/bin/chromium" },
  { name: "shellcheck", program: "shellcheck" },
  { name: "redis-server", program: "/usr/bin/redis-server" },
  { name: "postgresql", program: "pg_ctlcluster" },
  { name: "pgbouncer", program: "/usr/sbin/pgbouncer" },
];

const programFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const lockWaitSeconds = 300;

/**
 * Installs those of `packages` whose programs are missing. When none is missing, it does not call apt. It removes and
 * replaces nothing (a Docker from another vendor stays), and the installation starts no daemon. An installation that was
 * killed is finished first: its programs may be there without their configuration.
 *
 * @throws {UserError} when apt cannot install them.
 */
export async function ensurePackages(packages: readonly DebianPackage[] = debianPackages): Promise<void> {
  await finishKilledInstallation();
  const missing = await missingPackages(packages);
  if (missing.length === 0) return;
  const names = missing.map((each) => each.name);
  await step(`Install Debian packages ${names.join(", ")}`, async (report) => {
    await withoutStartingDaemons(async () => {
      await configurePackages(report);
      await apt("apt-get", ["update"], report);
      // A killed dpkg leaves packages half installed, which apt otherwise takes for installed.
      const options = ["--yes", "--no-install-recommends", "--no-remove", "--reinstall"];
      await apt("apt-get", ["install", ...options, ...names], report);
    });
    report("");
  });
  const still = await missingPackages(packages);
  if (still.length > 0) {
    const list = still.map((each) => `${each.program} of ${each.name}`).join(", ");
    throw new UserError(
      `apt-get succeeded, but programs are still missing: ${list}`,
      `compare with: dpkg -L ${still.map((each) => each.name).join(" ")}`,
    );
  }
}

/**
 * Configures the packages that a killed installation has left without configuration, and removes its policy-rc.d.
 *
 * @throws {UserError} when dpkg fails; the policy is removed then, too.
 */
export async function finishKilledInstallation(): Promise<void> {
  if (!(await installationWasKilled())) return;
  await step("Finish an installation of Debian packages that was killed", async (report) => {
    await withoutStartingDaemons(() => configurePackages(report));
    report("");
  });
}

async function configurePackages(report: Report): Promise<void> {
  report("finishing an interrupted dpkg");
  await apt("dpkg", ["--configure", "-a"], report);
}

/** Returns those of `packages` whose program is not on this machine. */
export async function missingPackages(packages: readonly DebianPackage[]): Promise<DebianPackage[]> {
  const missing: DebianPackage[] = [];
  for (const each of packages) {
    const places = each.program.startsWith("/")
      ? [each.program]
      : programFolders.map((folder) => join(folder, each.program));
    const found = await Promise.all(places.map(isExecutable));
    if (!found.includes(true)) missing.push(each);
  }
  return missing;
}

/** Whether apt or dpkg failed because another apt or dpkg runs. */
export function isLockMessage(text: string): boolean {
  return /could not get lock|unable to (acquire|lock)|is locked by another process|lock-frontend/i.test(text);
}

async function apt(command: "apt-get" | "dpkg", args: readonly string[], report: Report): Promise<void> {
  const options = command === "apt-get" ? ["-o", `DPkg::Lock::Timeout=${lockWaitSeconds}`] : [];
  const fix = `run it by hand and correct what it reports: ${command} ${args.join(" ")}`;
  await pollUntil(
    {
      what: `the lock of apt or dpkg, to run ${command} ${args.join(" ")}`,
      fix,
      intervalMs: 2_000,
      timeoutMs: lockWaitSeconds * 1000,
      retryAfter(error) {
        // apt itself waits for dpkg's lock, but not for the lock of the package lists; dpkg waits for none.
        const locked = error instanceof Error && isLockMessage(error.message);
        if (locked) report("waiting for another apt or dpkg to finish");
        return locked;
      },
    },
    async () => {
      await runCommand(command, [...options, ...args], {
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
        onLine: report,
        fix,
      });
      return true;
    },
  );
}

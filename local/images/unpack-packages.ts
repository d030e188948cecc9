import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../../host/run-command.ts";
import type { Suite } from "./recipes.ts";

/** URLs of the Debian archives. */
export interface Mirrors {
  debian: string;
  security: string;
}

/** Releases with an archive for security updates. */
const withSecurityArchive: readonly Suite[] = ["trixie"];
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const publicMirrors: Mirrors = {
  debian: "http://deb.debian.org/debian",
  security: "http://deb.debian.org/debian-security",
};

/** A package and the version that apt selected. */
export interface ChosenPackage {
  name: string;
  version: string;
}

/**
 * Returns the mirrors in the apt sources of this machine, such as a company's mirror; without such sources, the public
 * mirrors.
 *
 * @throws {UserError} when apt-get fails.
 */
export async function findMirrors(): Promise<Mirrors> {
  const format = "$(LABEL)|$(COMPONENT)|$(REPO_URI)";
  const lines = await runCommand("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  return mirrorsOf(lines);
}

/** Reads the mirrors from lines `label|component|uri` of apt's index targets. */
export function mirrorsOf(lines: string): Mirrors {
  const find = (label: string): string | undefined =>
    lines
      .split("\n")
      .map((line) => line.split("|"))
      .find(([itsLabel, component]) => itsLabel === label && component === "main")?.[2]
      ?.replace(/\/$/, "");
  return {
    debian: find("Debian") ?? publicMirrors.debian,
    security: find("Debian-Security") ?? publicMirrors.security,
  };
}

/**
 * Selects the wanted packages and libraries from the output of `apt-get install --print-uris`. An image with one program
 * does not need the other dependencies (interpreters, service managers, configuration).
 */
export function choosePackages(printedUris: string, wanted: readonly string[]): ChosenPackage[] {
  const chosen: ChosenPackage[] = [];
  for (const line of printedUris.split("\n")) {
    const [, name, version] = /^'\S+' ([^_\s]+)_([^_\s]+)_\S+\.deb /.exec(line) ?? [];
    if (name === undefined || version === undefined) continue;
    const isLibrary =
      /^(lib|zlib)/.test(name) &&
      !/-perl$|-l10n$|^lib(llvm|z3|perl|apt|systemd-shared|c-gconv|c-l10n)/.test(name);
    if (wanted.includes(name) || isLibrary) chosen.push({ name, version: decodeURIComponent(version) });
  }
  return chosen;
}

/**
 * Downloads packages of one release and the libraries that they depend on, checks Debian's signatures, and unpacks the
 * packages without running their scripts. The machine's own packages and lists do not change.
 *
 * @param folder an empty folder for all files.
 * @returns the folder with the files of the packages.
 * @throws {UserError} when the mirror cannot be reached or lacks a package.
 */
export async function unpackPackages(
  suite: Suite,
  packages: readonly string[],
  folder: string,
  mirrors: Mirrors,
): Promise<string> {
  const root = join(folder, "root");
  const downloads = join(folder, "downloads");
  for (const each of ["lists/partial", "cache/archives/partial", "preferences.d", "downloads", "root"])
    await mkdir(join(folder, each), { recursive: true });
  const sources = join(folder, "sources.list");
  const line = (uri: string, name: string): string => `deb [signed-by=${keyring}] ${uri} ${name} main\n`;
  const security = withSecurityArchive.includes(suite) ? line(mirrors.security, `${suite}-security`) : "";
  await writeFile(sources, line(mirrors.debian, suite) + security);
  await writeFile(join(folder, "status"), "");

  const options = aptOptions(folder, sources);
  const apt = (...args: string[]): Promise<string> =>
    runCommand("apt-get", [...options, ...args], {
      cwd: downloads,
      env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
      fix: `check that ${mirrors.debian} can be reached and has ${suite} (for its keys: apt-get install debian-archive-keyring), then run the command again`,
    });
  await apt("update");
  const printed = await apt("--yes", "--print-uris", "install", ...packages);
  const chosen = choosePackages(printed, packages);
  await apt("download", ...chosen.map(({ name, version }) => `${name}=${version}`));
  for (const file of (await readdir(downloads)).sort()) {
    if (file.endsWith(".deb")) await runCommand("dpkg-deb", ["--extract", join(downloads, file), root]);
  }
  return root;
}

/** Returns options for a separate state of apt. Its proxies and certificates are those of the machine. */
function aptOptions(folder: string, sources: string): string[] {
  const settings = {
    "Dir::Etc::SourceList": sources,
    "Dir::Etc::SourceParts": "-",
    "Dir::Etc::Preferences": "/dev/null",
    "Dir::Etc::PreferencesParts": join(folder, "preferences.d"),
    "Dir::State": folder,
    "Dir::State::Lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    // Debian's container images disable this cache, and apt then reads all lists again in each command.
    "Dir::Cache::pkgcache": "packages.bin",
    "Dir::Cache::srcpkgcache": "",
    "APT::Sandbox::User": "",
    "APT::Default-Release": "",
    "APT::Architecture": "amd64",
    "APT::Architectures": "amd64",
    "APT::Install-Recommends": "false",
    "Acquire::Languages": "none",
    "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
    "Acquire::Retries": "3",
  };
  return ["-q", ...Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`])];
}

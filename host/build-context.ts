import type { Stats } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import dockerignore from "@balena/dockerignore";

/** One entry of a build context, as the engine gets it. */
export interface ContextEntry {
  /** Path inside the context, with forward slashes. */
  name: string;
  kind: "file" | "directory" | "symlink";
  /** Permission bits, independent of the umask that the file was made with. */
  mode: number;
  /** Modification time. It is part of the archive, but not of the digest. */
  mtime: Date;
  /** Path of the file on this machine; for a symlink, of the link itself. */
  path: string;
  /** Bytes; 0 if it is not a file. */
  size: number;
  /** Target of a symlink. */
  linkTarget?: string;
}

/** A build context on disk: its entries, and the name of the Dockerfile among them. */
export interface BuildContext {
  entries: ContextEntry[];
  dockerfileName: string;
}

/** The name given to a Dockerfile that lies outside its context. */
const outsideDockerfileName = ".dockerfile.outside-context";

/**
 * Lists the entries of a build context, sorted by name. Docker's rules apply to `.dockerignore`, or to
 * `<dockerfile>.dockerignore` if it exists. The Dockerfile is always included, also from outside of the context.
 *
 * @throws {Error} when the context is not a readable directory, or contains an entry that an image cannot contain (a
 * FIFO, a device).
 */
export async function readContext(contextDir: string, dockerfile: string): Promise<BuildContext> {
  const root = await lstat(contextDir).catch((error: Error) => error);
  if (root instanceof Error || !(root.isDirectory() || root.isSymbolicLink())) {
    const reason = root instanceof Error ? root.message : "it is not a directory";
    throw new Error(`could not open the build context ${contextDir}: ${reason}`);
  }
  const inside = relative(contextDir, dockerfile).split(sep).join("/");
  const isOutside = inside.startsWith("../") || isAbsolute(inside);
  const ignored = await readIgnoreFile(contextDir, dockerfile);
  const entries = await walk(contextDir, "", ignored);
  const dockerfileName = isOutside ? outsideDockerfileName : inside;
  if (!entries.some((entry) => entry.name === dockerfileName)) {
    const entry = await describe(dockerfile, dockerfileName);
    if (entry !== undefined) entries.push(entry);
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { entries, dockerfileName };
}

interface IgnoreRules {
  isIgnored(name: string): boolean;
  /** Whether an exception may include files of an ignored directory. */
  hasExceptions: boolean;
}

async function readIgnoreFile(contextDir: string, dockerfile: string): Promise<IgnoreRules> {
  for (const path of [`${dockerfile}.dockerignore`, join(contextDir, ".dockerignore")]) {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw new Error(`could not read ${path}: ${error.message}`);
    });
    if (text === undefined) continue;
    const rules = dockerignore.default({ ignorecase: false }).add(text.replace(/^\uFEFF/, ""));
    return { isIgnored: (name) => rules.ignores(name), hasExceptions: /^\s*!/m.test(text) };
  }
  return { isIgnored: () => false, hasExceptions: false };
}

async function walk(contextDir: string, prefix: string, ignored: IgnoreRules): Promise<ContextEntry[]> {
  const found: ContextEntry[] = [];
  for (const child of await readdir(join(contextDir, prefix), { withFileTypes: true })) {
    const name = prefix === "" ? child.name : `${prefix}/${child.name}`;
    const isIgnored = ignored.isIgnored(name);
    if (isIgnored && !(child.isDirectory() && ignored.hasExceptions)) continue;
    const inside = child.isDirectory() ? await walk(contextDir, name, ignored) : [];
    if (isIgnored && inside.length === 0) continue;
    const entry = await describe(join(contextDir, name), name);
    if (entry !== undefined) found.push(entry, ...inside);
  }
  return found;
}

/**
 * The permission bits that Git would keep: whether a file can be executed. The others come from the umask that the
 * file was made with; with 077 the image's user could not read it. A sticky or set-user-ID bit is set on purpose, with the rest.
 */
function portableMode(stats: Stats): number {
  if (stats.isDirectory()) return stats.mode & 0o1000 ? stats.mode & 0o7777 : 0o755;
  if (stats.mode & 0o6000) return stats.mode & 0o7777;
  return stats.mode & 0o100 ? 0o755 : 0o644;
}

async function describe(path: string, name: string): Promise<ContextEntry | undefined> {
  const stats = await lstat(path);
  const common = { name, path, mode: portableMode(stats), mtime: stats.mtime };
  if (stats.isFile()) return { ...common, kind: "file", size: stats.size };
  if (stats.isDirectory()) return { ...common, kind: "directory", size: 0 };
  if (stats.isSymbolicLink()) {
    // The permission bits of a link have no effect and differ between systems.
    return { ...common, kind: "symlink", mode: 0o777, size: 0, linkTarget: await readlink(path) };
  }
  if (stats.isSocket()) return undefined;
  throw new Error(`${path} is not a file, directory or link; remove it or add it to .dockerignore`);
}

import { existsSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";

/** Folders that the environment chooses, always absolute, and what is wrong with the choice. */
export interface PathChoice {
  dataDir: string;
  cacheDir: string;
  /** Sentences, each with the variable, its value and the rule. */
  faults: string[];
}

const defaultDataDir = "/var/lib/breakwater";
/** The kubelet makes sockets below the data folder, and a socket's path has at most 107 bytes. */
const dataDirMost = 72;
// Configuration files, URLs and lists of paths contain it without quotes.
const plain = /^[\w./@+-]+$/;

/**
 * Chooses the data folder (`BREAKWATER_HOME`) and the cache folder (`XDG_CACHE_HOME`, else `.cache` in the home folder).
 * A value that cannot be used is a fault, and the default takes its place.
 *
 * @param environment the variables of this process.
 */
export function choosePaths(environment: NodeJS.ProcessEnv): PathChoice {
  const faults: string[] = [];
  const { BREAKWATER_HOME: given, XDG_CACHE_HOME: cacheHome } = environment;
  let dataDir = defaultDataDir;
  if (given !== undefined) {
    const fault = dataDirFault(given);
    if (fault === undefined) dataDir = withoutLinks(given);
    else faults.push(`BREAKWATER_HOME: "${given}" ${fault}`);
  }
  let cacheParent = cacheHome;
  // An empty value counts as none (https://specifications.freedesktop.org/basedir-spec/latest/).
  if (!cacheParent) {
    const home = homedir();
    if (!isAbsolute(home)) faults.push(`HOME: "${home}" must be an absolute path`);
    cacheParent = join(isAbsolute(home) ? home : join("/", home), ".cache");
  } else {
    const fault = cacheFault(cacheParent);
    if (fault !== undefined) faults.push(`XDG_CACHE_HOME: "${cacheParent}" ${fault}`);
  }
  return { dataDir, cacheDir: resolve("/", cacheParent, "breakwater"), faults };
}

function dataDirFault(path: string): string | undefined {
  if (!isAbsolute(path)) return "must be an absolute path, or not set";
  if (!plain.test(path)) return "must have only letters, digits and . _ @ + - in its names";
  if (resolve(path) === "/") return "must be a folder of its own";
  if (withoutLinks(path).length > dataDirMost) return `must have at most ${dataDirMost} characters`;
  return fileFault(path);
}

function cacheFault(path: string): string | undefined {
  if (!isAbsolute(path)) return "must be an absolute path, or not set";
  if (path.includes(":")) return 'must not contain ":", which separates the folders of PATH';
  return fileFault(path);
}

/** Reports the part of a path that exists and is no folder. */
function fileFault(path: string): string | undefined {
  const present = presentPart(resolve(path));
  return statSync(present).isDirectory() ? undefined : `must be a folder, but ${present} is a file`;
}

function presentPart(path: string): string {
  let present = path;
  while (!existsSync(present) && present !== dirname(present)) present = dirname(present);
  return present;
}

/** Returns a path as the list of mounts has it: without links, `..` and a slash at its end. */
function withoutLinks(path: string): string {
  const whole = resolve(path);
  if (existsSync(whole)) return realpathSync(whole);
  return whole === "/" ? whole : join(withoutLinks(dirname(whole)), basename(whole));
}

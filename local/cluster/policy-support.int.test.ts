import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { runCommand } from "../../host/run-command.ts";
import { debianPackages, ensurePackages } from "../toolchain/debian-packages.ts";
import { policyObstacle } from "./policy-support.ts";

// Needs root: parts of the machine are hidden from a process with mounts of its own.
const report = `import(${JSON.stringify(join(import.meta.dirname, "policy-support.ts"))})
  .then(async ({ policyObstacle }) => console.log(await policyObstacle()))`;

before(() => ensurePackages(debianPackages.filter(({ name }) => ["ipset", "iptables"].includes(name))));

/** Returns the obstacle that a process reports after the mounts of a shell script. */
async function obstacleAfter(mounts: string): Promise<string> {
  const script = `${mounts} && exec "$0" --eval "$1"`;
  const args = ["--mount", "/bin/sh", "-c", script, process.execPath, report];
  return (await runCommand("unshare", args)).trim();
}

async function pathOf(program: string): Promise<string> {
  return (await runCommand("/bin/sh", ["-c", `command -v ${program}`])).trim();
}

test("policyObstacle finds none on a machine with ipset and a kernel with sets, and leaves no set or rule", async () => {
  const machine = async () => [
    await runCommand("ipset", ["list", "-name"]),
    (await runCommand("iptables-save", [])).replaceAll(/^#.*$|\[\d+:\d+\]/gm, "").includes("PODS"),
  ];
  const before = await machine();
  assert.equal(await policyObstacle(), undefined);
  assert.deepEqual(await machine(), before);
});

test("policyObstacle names ipset when it is missing or does not work", async () => {
  const ipset = await pathOf("ipset");
  assert.match(await obstacleAfter(`mount --bind /bin/false ${ipset}`), /lacks a part/);
  assert.match(await obstacleAfter(`mount --bind /dev/null ${ipset}`), /the program ipset is missing/);
});

test("policyObstacle names the rule that iptables cannot have without sets", async () => {
  const modules = (await runCommand("/bin/sh", ["-c", "ls -d /usr/lib/*/xtables"])).trim();
  const obstacle = await obstacleAfter(`mount --bind /dev/null ${modules}/libxt_set.so`);
  assert.match(obstacle, /set/);
});

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand } from "../../host/run-command.ts";

const checkout = join(import.meta.dirname, "../..");
const list = '[{ name: "breakwater-slow", program: "/usr/bin/breakwater-slow" }]';
const install = `await packages.ensurePackages(${list})`;

/** Kills an installation at `stage`, runs `command`, and returns what the machine looks like. */
async function afterKill(stage: string, command: string): Promise<unknown> {
  const script = join(import.meta.dirname, "testing/killed-installation.sh");
  const namespaces = ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
  const folder = await mkdtemp(join(tmpdir(), "installation-"));
  try {
    const args = [...namespaces, "bash", script, stage, process.execPath, checkout, command, folder];
    return JSON.parse(await runCommand("unshare", args, { timeoutMs: 120_000 }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const stage of ["policy", "preinst", "postinst"])
  test(`ensurePackages finishes an installation that was killed at the stage ${stage}`, async () => {
    assert.deepEqual(await afterKill(stage, install), {
      status: "install ok installed",
      audit: "",
      policy: false,
    });
  });

test("finishKilledInstallation, which reset calls, configures what is unpacked and removes the policy", async () => {
  assert.deepEqual(await afterKill("postinst", "await packages.finishKilledInstallation()"), {
    status: "install ok installed",
    audit: "",
    policy: false,
  });
});

import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { toolsLock } from "./lock.ts";
import { scripts } from "./scripts.ts";
import { goTools } from "./tools.ts";

test("ensureTools takes built programs from the cache whatever the scripts are, and replaces scripts of another text", async (t) => {
  const cache = await mkdtemp(join(tmpdir(), "tools-"));
  t.after(() => rm(cache, { recursive: true }));
  process.env.XDG_CACHE_HOME = cache;
  const root = join(cache, "breakwater/tools", await toolsLock(goTools));
  for (const folder of ["bin", "libexec"]) {
    await mkdir(join(root, folder), { recursive: true });
    for (const { name } of goTools) {
      await writeFile(join(root, folder, name), "#!/bin/sh\n");
      await chmod(join(root, folder, name), 0o755);
    }
  }

  const { ensureTools } = await import("./toolchain.ts");
  const tools = await ensureTools();

  assert.equal(tools.path("kubectl"), join(root, "bin/kubectl"));
  const host = tools.path("pulumi-language-nodejs");
  assert.equal(await readFile(host, "utf8"), scripts["pulumi-language-nodejs"]);
  assert.equal(tools.searchPath, join(root, "bin"));
  // The script starts the program of its name in libexec/, and adds its flag to the engine's arguments.
  await writeFile(join(root, "libexec/pulumi-language-nodejs"), '#!/bin/sh\necho "$@"\n');
  const { runCommand } = await import("../../host/run-command.ts");
  assert.equal((await runCommand(host, ["127.0.0.1:1"])).trim(), "-typescript=false 127.0.0.1:1");
});

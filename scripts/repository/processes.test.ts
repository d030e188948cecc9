import assert from "node:assert/strict";
import { test } from "node:test";
import { textFiles } from "./text-files.ts";

/** Code that starts processes without the runners of host/, and why. Tests may start theirs as they need. */
const reasons: Readonly<Record<string, string>> = {
  "host/run-command.ts": "the runner of commands with captured output",
  "host/foreground.ts": "the runner of commands with the terminal",
  "scripts/bootstrap.mjs": "runs before any package is installed, as plain JavaScript",
  "local/cluster/process-supervisor.ts": "daemons that outlive the command",
  "measure/calibration.ts": "measure/ imports no other room",
  "bench/api-start.ts": "measures the start of the process itself",
  "bench/api/server-process.ts": "servers that run until they are stopped",
  "bench/leak-lab/api-process.ts": "servers that run until they are stopped",
  "bench/comparison-power.ts": "servers that run until they are stopped",
  "bench/network-policy/peers.ts": "servers that run until they are stopped",
  "bench/edge/mortal-pod.mjs": "runs in pods, without packages",
  "bench/generator-accuracy.ts": "servers that run until they are stopped",
  "bench/generator-cost.ts": "servers that run until they are stopped",
};

const code = (await textFiles()).filter(
  ({ path }) => /\.(ts|mjs|js)$/.test(path) && !/\.test\.ts$|^e2e\/|(^|\/)testing\//.test(path),
);
const importing = (module: string) =>
  code.filter(({ text }) => text.includes(`from "${module}"`)).map(({ path }) => path);

test("processes are started by the runners of host/, with the exceptions that have a reason", () => {
  assert.deepEqual(importing("node:child_process").toSorted(), Object.keys(reasons).toSorted());
});

test("zx is used by scripts/ only", () => {
  assert.deepEqual(
    importing("zx").filter((path) => !path.startsWith("scripts/")),
    [],
  );
});

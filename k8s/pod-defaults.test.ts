import assert from "node:assert/strict";
import { before, test } from "node:test";
import { parseStorage } from "./live-stack.ts";
import { ofKind, type Recorded } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];

before(async () => {
  ({ recorded } = await runProgram({
    api: { memory: "256 MiB", uploadVolume: "1 GiB" },
    nginx: { cache: { paths: [{ path: "/api/stats" }], size: "1 GiB" } },
  }));
});

test("every container has a disk limit that its logs and the pod's volumes fit into, and every emptyDir a size", () => {
  const all = ["Deployment", "StatefulSet", "Job"].flatMap((kind) => ofKind(recorded, kind));
  assert.ok(all.length >= 7);
  for (const { name, inputs } of all) {
    const { containers, initContainers = [], volumes = [] } = inputs.spec.template.spec;
    const volumeBytes = volumes
      .filter(({ emptyDir }: { emptyDir?: object }) => emptyDir !== undefined)
      .map(({ emptyDir }: { emptyDir: { sizeLimit: string } }) => parseStorage(emptyDir.sizeLimit))
      .reduce((sum: number, bytes: number) => {
        assert.ok(bytes > 0, name);
        return sum + bytes;
      }, 0);
    for (const { resources } of [...initContainers, ...containers])
      assert.ok(parseStorage(resources.requests["ephemeral-storage"]) > 0, name);
    const limit = parseStorage(containers[0].resources.limits["ephemeral-storage"]);
    assert.equal(limit - volumeBytes, 512 * 1024 ** 2, name);
  }
});

test("every main container has all three probes, and readiness is no reason to restart", () => {
  for (const { name, inputs } of [...ofKind(recorded, "Deployment"), ...ofKind(recorded, "StatefulSet")])
    for (const { startupProbe, readinessProbe, livenessProbe } of inputs.spec.template.spec.containers) {
      assert.ok(startupProbe && readinessProbe && livenessProbe, name);
      const [ready, alive] = [readinessProbe, livenessProbe].map(({ httpGet, exec, tcpSocket }) => ({
        httpGet,
        exec,
        tcpSocket,
      }));
      assert.notDeepEqual(ready, alive, name);
    }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMountPoints } from "./storage.ts";

test("parseMountPoints reads mount points in order and decodes spaces", () => {
  const mounts =
    "/dev/vda / ext4 rw 0 0\ntmpfs /var/lib/a\\040b tmpfs rw 0 0\n/dev/vda /tmp/hostpath_pv ext4 rw 0 0\n";
  assert.deepEqual(parseMountPoints(mounts), ["/", "/var/lib/a b", "/tmp/hostpath_pv"]);
});

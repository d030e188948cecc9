import assert from "node:assert/strict";
import { test } from "node:test";
import { type Argument, allArguments, argue } from "./arguments.ts";
import type { ScanFinding } from "./scanners.ts";

const finding = (more: Partial<ScanFinding> = {}): ScanFinding => ({
  scanner: "kube-score",
  check: "service-type",
  object: "Service/nginx",
  detail: "",
  ...more,
});
const argument: Argument = { scanner: "kube-score", check: "service-type", objects: /\/nginx$/, why: "" };

test("argue leaves open what is of another scanner, check or object, and counts the others", () => {
  const others = [
    finding({ scanner: "kubesec" }),
    finding({ check: "container-resources" }),
    finding({ object: "Service/api" }),
  ];
  assert.deepEqual(argue([finding(), ...others], [argument]), {
    open: others,
    argued: [{ argument, findings: 1 }],
  });
});

test("each argument is one line", () => {
  for (const { why } of allArguments) assert.match(why, /^.{20,120}$/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { steps } from "./record.ts";
import { describeStep, endText, statusText } from "./status-text.ts";
import { images, SimulatedStack } from "./testing/simulated-stack.ts";

const release = new SimulatedStack("good").release();
const failed = {
  ...release,
  step: "ended",
  outcome: "failed",
  back: { cause: "failed", reason: "p99 of light", oldFailsToo: false },
  notRolledBack: ["ConfigMap nginx"],
} as const;
const failedRelease = { ...failed, notRolledBack: [...failed.notRolledBack] };

test("every step has a description", () => {
  for (const step of steps) assert.match(describeStep({ ...release, step }), /: \S/);
});

test("the status has the open release with the way on, the last ones, and what is damaged", () => {
  const text = statusText(
    {
      open: release,
      ended: [failedRelease],
      damaged: [{ what: "key x: is not JSON", fix: "kubectl", blocks: true }],
    },
    undefined,
  );
  assert.match(text, /✗ key x: is not JSON\n {2}kubectl/);
  assert.match(text, /canary-up: the canary pool starts/);
  assert.match(text, /no process works on it: npm run release -- --resume/);
  assert.match(text, /failed .*p99 of light/);
  assert.match(statusText({ open: release, ended: [], damaged: [] }, "ops@host"), /ops@host works on it/);
  assert.equal(statusText({ open: undefined, ended: [], damaged: [] }, undefined), "no release is open");
});

test("a failed release says why, what serves, what stays, and what the checkout has", () => {
  const text = endText(failedRelease);
  assert.match(text, /^✗ r-\S+ failed: p99 of light\n/);
  assert.ok(text.includes(`${images.old} serves`));
  assert.match(text, /not rolled back: ConfigMap nginx/);
  assert.match(text, /a plain pulumi up deploys it without a gate/);
  assert.doesNotMatch(text, /both versions fail/);
});

test("a release whose old version fails as well says so", () => {
  assert.match(
    endText({ ...failedRelease, bothFail: true }),
    /both versions fail: the release is not the cause/,
  );
  const back = { ...failed.back, oldFailsToo: true };
  assert.match(endText({ ...failedRelease, back }), /both versions fail/);
});

test("a passed and a held release say what serves", () => {
  assert.match(
    endText({ ...release, step: "ended", outcome: "passed" }),
    /^✓ r-\S+ passed: registry\/api:new serves$/,
  );
  assert.match(
    endText({ ...release, step: "held", heldAt: "compare" }),
    /held: .*compare.*\n.*--resume.*--abort/,
  );
});

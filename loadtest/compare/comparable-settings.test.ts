import assert from "node:assert/strict";
import { test } from "node:test";
import { StepPrinter } from "../../host/steps.ts";
import { parseCommand } from "../cli/command-line.ts";
import type { Scenario } from "../load/scenarios.ts";
import { Run } from "../run-context.ts";
import { sampleRequest as request, sampleStack } from "../testing/samples.ts";
import { comparableSettings } from "./comparable-settings.ts";

function mixOf(more: Partial<Scenario>): string | undefined {
  const scenario = { name: "own", about: "", mix: [{ kind: "list", weight: 1 }], ...more };
  const run = new Run({
    command: parseCommand([], {}),
    outputs: sampleStack(),
    scenarios: [scenario],
    progress: new StepPrinter({ write: () => {} }),
    signal: new AbortController().signal,
  });
  return comparableSettings(run).ofScenarios?.own?.mix;
}

test("runs are compared only when their requests, first requests and cookies are equal", () => {
  const requests = { list: request("/items"), login: request("/login", { keep: { token: "/token" } }) };
  const variants: Partial<Scenario>[] = [
    { requests },
    { requests: { ...requests, list: request("/items", { headers: { a: "b" } }) } },
    { requests, steps: ["login"] },
    { requests: { ...requests, login: request("/login", { keep: { token: "/other" } }) }, steps: ["login"] },
    { requests, steps: ["login"], cookies: true },
  ];
  assert.equal(new Set(variants.map(mixOf)).size, variants.length, variants.map(mixOf).join("\n"));
});

test("a request that keeps nothing equals that of a baseline from before values were kept", () => {
  assert.equal(
    mixOf({ requests: { list: request("/items", { keep: {} }) } }),
    mixOf({ requests: { list: request("/items") } }),
  );
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { modulesDir } from "./lock.ts";

// Go compiles a package once for all programs only if the package and everything that it imports have the same versions.

/** Modules whose own dependencies need other versions than Kubernetes, by folder. */
const exceptions: Readonly<Record<string, RegExp>> = {
  // The newest grpc and OpenTelemetry; few other packages import them.
  pulumi: /^(?!golang\.org\/x\/|google\.golang\.org\/protobuf|github\.com\/spf13\/)/,
  // The modules of 2023.
  "language-nodejs": /^github\.com\/(Microsoft\/go-winio|mitchellh\/go-wordwrap)$/,
  // kwok 0.7 needs the libraries of Kubernetes 1.33, and is built for a benchmark only.
  kwok: /./,
  // Built for a proof only; kube-score has the libraries of an older Kubernetes.
  scanners: /./,
};

function versionsIn(folder: string): Map<string, string> {
  const text = readFileSync(join(modulesDir, folder, "go.mod"), "utf8");
  return new Map(
    [...text.matchAll(/^\s*(?:require )?([\w.-]+\.[\w.-]+\/\S+) (v\S+)(?: \/\/ indirect)?$/gm)].map(
      ([, path = "", version = ""]) => [path, version],
    ),
  );
}

const folders = readdirSync(modulesDir);
const kubernetes = versionsIn("kubernetes");

for (const folder of folders)
  test(`${folder} uses the versions that Kubernetes uses, so that Go compiles common packages once`, () => {
    const other = [...versionsIn(folder)].flatMap(([path, version]) => {
      const wanted = kubernetes.get(path);
      if (wanted === undefined || wanted === version || exceptions[folder]?.test(path)) return [];
      return [`${path} ${version}, Kubernetes ${wanted}`];
    });
    assert.ok(versionsIn(folder).size > 10);
    assert.deepEqual(other, []);
  });

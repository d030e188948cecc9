import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { goModuleVersion, npmPackageVersion, versionIn } from "./pinned-versions.ts";
import { goTools, kubernetesPlugin, kubernetesVersion, kwok, metricsServer, scanners } from "./tools.ts";
import { formatVersion } from "./version.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("versionIn finds the version that a go.mod requires, in every form of a line", () => {
  const goMod = `require example.org/a v1.2.3\nrequire (\n\texample.org/b/v2 v2.0.1 // indirect\n)
replace example.org/c => example.org/c v9.9.9\n`;
  assert.deepEqual(versionIn(goMod, "example.org/a"), [1, 2, 3]);
  assert.deepEqual(versionIn(goMod, "example.org/b/v2"), [2, 0, 1]);
  assert.throws(() => versionIn(goMod, "example.org/c"), /no version of example\.org\/c/);
  assert.throws(() => versionIn(goMod, "example.org/b"), /no version of example\.org\/b/);
});

test("the libraries of Kubernetes have the release of its programs, in every module that shares them", () => {
  const [, minor, patch] = kubernetesVersion;
  const wrong = ["kubernetes", "kubernetes-plugin", "metrics-server", "kwok"].flatMap((folder) =>
    [
      ...read(`local/toolchain/modules/${folder}/go.mod`).matchAll(
        /k8s\.io\/(api|apimachinery|client-go|kubectl|component-base|apiextensions-apiserver) (v\S+)$/gm,
      ),
    ].filter(([, , version]) => version !== `v0.${minor}.${patch}`),
  );
  assert.deepEqual(wrong, []);
});

test("the documents name the release of Kubernetes that is built", () => {
  const release = `v${kubernetesVersion.slice(0, 2).join(".")}`;
  for (const path of ["README.md", "docs/embedded-cluster.md"])
    assert.match(read(path), new RegExp(`upstream ${release.replace(".", "\\.")}\\b`), path);
});

test("the versions of programs and plugins are in go.mod and package.json only", () => {
  const versions = [...goTools, kubernetesPlugin, metricsServer, kwok, ...Object.values(scanners)].map(
    ({ version }) => formatVersion(version),
  );
  versions.push(formatVersion(npmPackageVersion("@pulumi/docker")));
  const sources = readdirSync(join(root, "local"), { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
  );
  const found = sources.flatMap((path) =>
    versions
      .filter((version) =>
        new RegExp(`["v]${version.replaceAll(".", "\\.")}\\b`).test(read(join("local", path))),
      )
      .map((version) => `local/${path}: ${version}`),
  );
  assert.deepEqual(found, []);
});

test("kubernetes-plugin's module and the npm package are of the same major version", () => {
  const [major] = npmPackageVersion("@pulumi/kubernetes");
  const [ofModule] = goModuleVersion("kubernetes-plugin", "github.com/pulumi/pulumi-kubernetes/provider/v4");
  assert.equal(ofModule, major);
});

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { goBuildArgs, linkedName, removeKilledBuilds } from "./build.ts";
import { isLockMessage } from "./debian-packages.ts";
import { goEnvironment } from "./go-command.ts";
import { modulesDir } from "./lock.ts";
import { searchFolders } from "./path-tools.ts";
import { atLeast, requirementTable } from "./preflight.ts";
import { groupByModule, inBuildOrder } from "./toolchain.ts";
import { type GoTool, goTools, kubernetesPlugin } from "./tools.ts";
import { formatVersion } from "./version.ts";

const tools: readonly GoTool[] = goTools;

test("linkedName returns the file name of go build", () => {
  assert.equal(linkedName("go.etcd.io/etcd/server/v3"), "server");
  assert.equal(linkedName("k8s.io/kubernetes/cmd/kubelet"), "kubelet");
  assert.equal(linkedName("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"), "pulumi");
});

test("the tools of a module have the same link variables and different linked names", () => {
  for (const [module, group] of groupByModule(tools)) {
    const names = group.map((tool) => linkedName(tool.package));
    assert.equal(new Set(names).size, names.length, module);
    for (const tool of group) assert.deepEqual(tool.linkVariables, group[0]?.linkVariables, tool.name);
  }
});

test("the list of tools has the versions that the modules pin", async () => {
  const modules = {
    etcd: "go.etcd.io/etcd/server/v3",
    "language-nodejs": "github.com/pulumi/pulumi/sdk/v3",
    kubernetes: "k8s.io/kubernetes",
    coredns: "github.com/coredns/coredns",
    "network-policy": "github.com/cloudnativelabs/kube-router/v2",
    pulumi: "github.com/pulumi/pulumi/pkg/v3",
  };
  for (const tool of goTools) {
    const file = await readFile(join(modulesDir, tool.module, "go.mod"), "utf8");
    const pinned = `${modules[tool.module]} v${tool.version.join(".")}`;
    assert.ok(file.includes(pinned), `${tool.module}/go.mod pins ${pinned}`);
    for (const value of Object.values(tool.linkVariables)) {
      if (value.startsWith("v")) assert.equal(value, `v${tool.version.join(".")}`, tool.name);
    }
  }
});

test("the Kubernetes plugin reports its version in the list of tools", () => {
  assert.deepEqual(Object.values(kubernetesPlugin.linkVariables), [
    `v${formatVersion(kubernetesPlugin.version)}`,
  ]);
});

/** Returns the releases that the build of a module uses, by module path; those of `replace` lines last. */
async function releasesOf(module: string): Promise<Map<string, string>> {
  const file = await readFile(join(modulesDir, module, "go.mod"), "utf8");
  const lines = [...file.matchAll(/^(?:require )?\t?(\S+) (v\S+)/gm), ...file.matchAll(/=> (\S+) (v\S+)$/gm)];
  return new Map(lines.map(([, path = "", version = ""]) => [path, version]));
}

test("the Kubernetes plugin uses the client library of the cluster's release, so that Go compiles it once", async () => {
  const release = (await releasesOf("kubernetes")).get("k8s.io/client-go");
  assert.match(release ?? "", /^v0\.\d+\.\d+$/);
  assert.equal((await releasesOf("kubernetes-plugin")).get("k8s.io/client-go"), release);
});

test("inBuildOrder begins with small modules, and builds pulumi before Kubernetes", () => {
  const order = [...inBuildOrder(tools).keys()];
  assert.deepEqual(order.slice(0, 4), ["etcd", "language-nodejs", "pulumi", "kubernetes"]);
  assert.deepEqual(order.toSorted(), [...groupByModule(tools).keys()].toSorted());
});

test("goEnvironment keeps the user's own settings of the collector, and no flags that would change the build", () => {
  const own = { GOGC: "50", GOFLAGS: "-race", GOPROXY: "https://proxy.example" };
  const { GOGC, GOFLAGS, GOPROXY, CGO_ENABLED, GOMEMLIMIT, GOTMPDIR } = goEnvironment(own, "/scratch");
  assert.deepEqual(
    { GOGC, GOFLAGS, GOPROXY, CGO_ENABLED, GOTMPDIR },
    {
      GOGC: "50",
      GOFLAGS: "",
      GOPROXY: "https://proxy.example",
      CGO_ENABLED: "0",
      GOTMPDIR: "/scratch",
    },
  );
  assert.match(GOMEMLIMIT ?? "", /^\d+MiB$/);
});

test("removeKilledBuilds removes the folders of ended processes only", async (t) => {
  const scratch = await mkdtemp(join(tmpdir(), "building-"));
  t.after(() => rm(scratch, { recursive: true, force: true }));
  const [running, killed] = [`etcd-${process.pid}`, `etcd-${2 ** 22 + 1}`];
  for (const name of [running, killed]) await mkdir(join(scratch, name, "go-build1"), { recursive: true });
  await removeKilledBuilds(scratch);
  assert.deepEqual(await readdir(scratch), [running]);
  await rm(join(scratch, running), { recursive: true });
  await removeKilledBuilds(scratch);
  await assert.rejects(readdir(scratch), /ENOENT/);
});

test("goBuildArgs keeps the locked modules and leaves out paths of the machine", () => {
  const kubelet = tools.find((tool) => tool.name === "kubelet");
  assert.ok(kubelet);
  const args = goBuildArgs([kubelet], "/scratch");
  assert.ok(args.includes("-mod=readonly"));
  assert.ok(args.includes("-trimpath"));
  assert.ok(args.includes("-gcflags=all=-dwarf=false"));
  assert.ok(args.some((each) => each.includes("-X k8s.io/component-base/version.gitVersion=v1.")));
  assert.deepEqual(args.slice(-3), ["-o", "/scratch/", "k8s.io/kubernetes/cmd/kubelet"]);
});

test("searchFolders leaves out relative folders and the tools' own cache", () => {
  const path = "/usr/bin::bin:/cache/breakwater/tools/x/bin:/cache/breakwater:/cache/breakwater-other";
  assert.deepEqual(searchFolders(path, "/cache/breakwater"), ["/usr/bin", "/cache/breakwater-other"]);
});

test("isLockMessage recognizes the messages of apt and dpkg when another apt or dpkg runs", () => {
  assert.ok(
    isLockMessage("E: Could not get lock /var/lib/apt/lists/lock. It is held by process 12 (apt-get)"),
  );
  assert.ok(
    isLockMessage("dpkg: error: dpkg frontend lock was locked by another process with pid 12\nlock-frontend"),
  );
  assert.ok(!isLockMessage("E: Unable to locate package nothing"));
});

test("atLeast is not met below its version and when the tool is missing", () => {
  assert.equal(atLeast("go", "go version go1.26.8 linux/amd64", "1.25.11", "").met, true);
  assert.equal(atLeast("go", "go version go1.25.9 linux/amd64", "1.25.11", "").met, false);
  assert.deepEqual(atLeast("go", undefined, "1.25.11", "install it"), {
    tool: "go",
    found: "none",
    needed: "1.25.11 or newer",
    met: false,
    get: "install it",
  });
});

test("requirementTable marks each row and aligns the columns", () => {
  const table = requirementTable([
    { tool: "bash", found: "5.2.37", needed: "any", met: true, get: "" },
    { tool: "go", found: "none", needed: "1.25.11 or newer", met: false, get: "" },
  ]);
  assert.equal(
    table,
    ["     tool  found   needed", "  ✓  bash  5.2.37  any", "  ✗  go    none    1.25.11 or newer"].join("\n"),
  );
});

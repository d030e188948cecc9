import type { Version } from "./version.ts";

/** A folder of `modules/` with a go.mod and a go.sum that pin one family of programs. */
export type ModuleName =
  | "etcd"
  | "language-nodejs"
  | "kubernetes"
  | "coredns"
  | "pulumi"
  | "kubernetes-plugin";

/** One program that is built from a pinned Go module. */
export interface GoTool {
  name: string;
  module: ModuleName;
  /** Import path of the main package. */
  package: string;
  version: Version;
  /** Variables that the linker sets with `-X`: the program reads its own version from them. */
  linkVariables: Readonly<Record<string, string>>;
  /** How to read the version of a copy on PATH. Without it, the tool is always built. */
  onPath?: { versionArgs: readonly string[]; oldest?: Version };
  /** Of a Pulumi plugin: the Go module that has the resource schema, which main.go embeds. */
  schemaOf?: string;
}

const kubernetesVersion: Version = [1, 34, 4];
const kubernetesLinkVariables = {
  "k8s.io/component-base/version.gitVersion": "v1.34.4",
  "k8s.io/component-base/version.gitMajor": "1",
  "k8s.io/component-base/version.gitMinor": "34",
  "k8s.io/client-go/pkg/version.gitVersion": "v1.34.4",
};

function kubernetes<Name extends string>(name: Name, versionArgs: readonly string[]) {
  return {
    name,
    module: "kubernetes",
    package: `k8s.io/kubernetes/cmd/${name}`,
    version: kubernetesVersion,
    linkVariables: kubernetesLinkVariables,
    onPath: { versionArgs },
  } as const;
}

/**
 * Every program that is built, the modules with the shortest build first. The programs of a module are built together.
 * The language host never comes from PATH, because its script passes flags that later versions do not have.
 */
export const goTools = [
  {
    name: "etcd",
    module: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    version: [3, 6, 5],
    linkVariables: {},
    onPath: { versionArgs: ["--version"], oldest: [3, 5, 0] },
  },
  {
    name: "pulumi-language-nodejs",
    module: "language-nodejs",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    version: [3, 68, 0],
    linkVariables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v3.68.0" },
  },
  kubernetes("kube-apiserver", ["--version"]),
  kubernetes("kube-controller-manager", ["--version"]),
  kubernetes("kubelet", ["--version"]),
  kubernetes("kube-scheduler", ["--version"]),
  kubernetes("kube-proxy", ["--version"]),
  kubernetes("kubeadm", ["version", "-o", "short"]),
  kubernetes("kubectl", ["version", "--client"]),
  {
    name: "coredns",
    module: "coredns",
    package: "breakwater/local/toolchain/coredns",
    version: [1, 12, 4],
    linkVariables: {},
    onPath: { versionArgs: ["-version"] },
  },
  {
    name: "pulumi",
    module: "pulumi",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    version: [3, 259, 0],
    linkVariables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v3.259.0" },
    onPath: { versionArgs: ["version"], oldest: [3, 200, 0] },
  },
] as const satisfies readonly GoTool[];

const kubernetesPluginModule = "github.com/pulumi/pulumi-kubernetes/provider/v4";

/**
 * Pulumi's own plugin for Kubernetes, built when it cannot be downloaded. The version is that of the npm package in
 * package.json. Built after the cluster's programs, the plugin shares compiled packages with them, because both use the
 * same release of the Kubernetes libraries. See docs/decisions.md#kubernetes-plugin-from-its-go-module.
 */
export const kubernetesPlugin = {
  name: "pulumi-resource-kubernetes",
  module: "kubernetes-plugin",
  package: "breakwater/local/toolchain/kubernetes-plugin",
  version: [4, 25, 0],
  linkVariables: { [`${kubernetesPluginModule}/pkg/version.Version`]: "v4.25.0" },
  schemaOf: kubernetesPluginModule,
} as const satisfies GoTool;

/** Shell scripts that call other programs (scripts.ts). */
export type ScriptName = "pulumi-language-nodejs" | "pulumi-resource-pulumi-nodejs";

/** All programs in the tools' folder. */
export type ToolName = (typeof goTools)[number]["name"] | ScriptName;

import { goModuleVersion, npmPackageVersion } from "./pinned-versions.ts";
import { formatVersion, type Version } from "./version.ts";

/** A folder of `modules/` with a go.mod and a go.sum that pin one family of programs. */
export type ModuleName =
  | "etcd"
  | "language-nodejs"
  | "kubernetes"
  | "coredns"
  | "network-policy"
  | "pulumi"
  | "kubernetes-plugin"
  | "metrics-server"
  | "kwok"
  | "scanners";

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

/** The release of Kubernetes that the embedded cluster runs. */
export const kubernetesVersion: Version = goModuleVersion("kubernetes", "k8s.io/kubernetes");
const kubernetesLinkVariables = {
  "k8s.io/component-base/version.gitVersion": `v${formatVersion(kubernetesVersion)}`,
  "k8s.io/component-base/version.gitMajor": String(kubernetesVersion[0]),
  "k8s.io/component-base/version.gitMinor": String(kubernetesVersion[1]),
  "k8s.io/client-go/pkg/version.gitVersion": `v${formatVersion(kubernetesVersion)}`,
};

const languageVersion = goModuleVersion("language-nodejs", "github.com/pulumi/pulumi/sdk/v3");
const pulumiVersion = goModuleVersion("pulumi", "github.com/pulumi/pulumi/pkg/v3");
const pulumiVersionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

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
 * Every program that is built. The programs of a module are built together. The order is a part of the tools' lock.
 * The language host never comes from PATH, because its script passes flags that later versions do not have.
 */
export const goTools = [
  {
    name: "etcd",
    module: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    version: goModuleVersion("etcd", "go.etcd.io/etcd/server/v3"),
    linkVariables: {},
    onPath: { versionArgs: ["--version"], oldest: [3, 5, 0] },
  },
  {
    name: "pulumi-language-nodejs",
    module: "language-nodejs",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    version: languageVersion,
    linkVariables: { [pulumiVersionVariable]: `v${formatVersion(languageVersion)}` },
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
    version: goModuleVersion("coredns", "github.com/coredns/coredns"),
    linkVariables: {},
    onPath: { versionArgs: ["-version"] },
  },
  {
    name: "network-policy",
    module: "network-policy",
    package: "breakwater/local/toolchain/network-policy",
    version: goModuleVersion("network-policy", "github.com/cloudnativelabs/kube-router/v2"),
    linkVariables: {},
  },
  {
    name: "pulumi",
    module: "pulumi",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    version: pulumiVersion,
    linkVariables: { [pulumiVersionVariable]: `v${formatVersion(pulumiVersion)}` },
    onPath: { versionArgs: ["version"], oldest: [3, 200, 0] },
  },
] as const satisfies readonly GoTool[];

const kubernetesPluginVersion = npmPackageVersion("@pulumi/kubernetes");
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
  version: kubernetesPluginVersion,
  linkVariables: {
    [`${kubernetesPluginModule}/pkg/version.Version`]: `v${formatVersion(kubernetesPluginVersion)}`,
  },
  schemaOf: kubernetesPluginModule,
} as const satisfies GoTool;

const metricsServerVersion = goModuleVersion("metrics-server", "sigs.k8s.io/metrics-server");

/** metrics-server, built when a stack asks for it. It reports the version of its Kubernetes client library as its own. */
export const metricsServer = {
  name: "metrics-server",
  module: "metrics-server",
  package: "sigs.k8s.io/metrics-server/cmd/metrics-server",
  version: metricsServerVersion,
  linkVariables: { "k8s.io/client-go/pkg/version.gitVersion": `v${formatVersion(metricsServerVersion)}` },
} as const satisfies GoTool;

/** kwok, which plays the kubelet of fake nodes, built for `npm run bench:nodes`. */
export const kwok = {
  name: "kwok",
  module: "kwok",
  package: "sigs.k8s.io/kwok/cmd/kwok",
  version: goModuleVersion("kwok", "sigs.k8s.io/kwok"),
  linkVariables: {},
} as const satisfies GoTool;

function scanner<Name extends string>(name: Name, module: string, command = module) {
  return {
    name,
    module: "scanners",
    package: command,
    version: goModuleVersion("scanners", module),
    linkVariables: {},
  } as const satisfies GoTool;
}

/** Scanners of Kubernetes objects, built for `npm run prove:scanners`. */
export const scanners = {
  kubeconform: scanner(
    "kubeconform",
    "github.com/yannh/kubeconform",
    "github.com/yannh/kubeconform/cmd/kubeconform",
  ),
  kubeScore: scanner("kube-score", "github.com/zegl/kube-score", "github.com/zegl/kube-score/cmd/kube-score"),
  kubesec: scanner("kubesec", "github.com/controlplaneio/kubesec/v2"),
} as const;

/** Shell scripts that call other programs (scripts.ts). */
export type ScriptName = "pulumi-language-nodejs" | "pulumi-resource-pulumi-nodejs";

/** All programs in the tools' folder. */
export type ToolName = (typeof goTools)[number]["name"] | ScriptName;

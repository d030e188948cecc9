import { describeDefault } from "../options/collections.ts";
import { sections } from "../stack-config.ts";
import { optionsIn } from "./documentation.ts";

/** An option in an example: its path, and a value that differs from the default. */
interface Line {
  path: string;
  value?: string | number;
  /** Whether the option is a comment, because most stacks do not need it. */
  isComment?: true;
  /** Whether the option is a secret. The example then shows the command that sets it. */
  isSecret?: true;
}

interface Example {
  about: string[];
  lines: Line[];
}

const local: Example = {
  about: [
    "A stack on the embedded cluster. `npm start` copies this file to Pulumi.local.yaml.",
    "Change a value there, or by `pulumi config set --path api.replicas 5`.",
  ],
  lines: [
    { path: "api.replicas" },
    { path: "api.memory", value: "192 MiB" },
    { path: "redis.shards" },
    { path: "redis.replicasPerShard" },
    { path: "loadtest.connections" },
    { path: "loadtest.durationSeconds", value: 7 },
  ],
};

const remote: Example = {
  about: [
    "A stack on a cluster of yours: copy this file to Pulumi.<stack>.yaml, then",
    "`pulumi stack init <stack>` and `pulumi up --stack <stack>`.",
  ],
  lines: [
    { path: "cluster.kubeContext", value: "my-cluster" },
    { path: "cluster.kubeconfig", value: "~/.kube/my-cluster.yaml", isComment: true },
    { path: "cluster.storageClass", value: "fast", isComment: true },
    { path: "cluster.dnsAddress", value: "10.96.0.10", isComment: true },
    { path: "registry.address", value: "registry.example.org/team" },
    { path: "registry.username", value: "me", isComment: true },
    { path: "registry.password", isSecret: true },
    { path: "api.replicas" },
    { path: "nginx.replicas", value: 2 },
    { path: "nginx.serviceType", value: "LoadBalancer" },
    { path: "nginx.publicUrl", value: "https://api.example.org", isComment: true },
    { path: "database.storage", value: "10 GiB" },
    { path: "database.url", isSecret: true },
  ],
};

/** Text of each example stack file, by its name. @param project name of the Pulumi project */
export function exampleStacks(project: string): Record<string, string> {
  return {
    "Pulumi.local.example.yaml": print(local, project),
    "Pulumi.remote.example.yaml": print(remote, project),
  };
}

function print({ about, lines }: Example, project: string): string {
  const output = [
    "# yaml-language-server: $schema=./config.schema.json",
    ...about.map((line) => `# ${line}`),
    "# docs/configuration.md describes all options.",
    "config:",
  ];
  let last = "";
  for (const line of lines) {
    const [section = ""] = line.path.split(".");
    if (section !== last) output.push(`  ${project}:${section}:`);
    last = section;
    output.push(...printLine(line));
  }
  return `${output.join("\n")}\n`;
}

function printLine({ path, value, isComment, isSecret }: Line): string[] {
  const key = path.slice(path.indexOf(".") + 1);
  const option = Object.entries(sections)
    .flatMap(([name, item]) => optionsIn(item, name))
    .find(([at]) => at === path)?.[1];
  if (option === undefined) throw new Error(`an example has an unknown option: ${path}`);
  const shown = describeDefault(option);
  const about = `${option.doc.replace(/`/g, "")}${shown === "–" ? "" : ` Default: ${shown}.`}`;
  const given = value ?? option.defaults.embedded;
  const line = isSecret
    ? `    # pulumi config set --secret --path ${path}`
    : `    ${isComment ? "# " : ""}${key}: ${given}`;
  return [...wrap(about).map((text) => `    # ${text}`), line];
}

/** Lines of at most 100 characters. */
function wrap(text: string): string[] {
  return text.match(/.{1,100}(?=\s|$)/g)?.map((line) => line.trim()) ?? [];
}

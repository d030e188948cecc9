import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "zx";
import { dataPaths } from "../local/paths.ts";
import { projectRoot } from "../scripts/stack.ts";

/** How a command of Pulumi ended. */
export interface Run {
  output: string;
  exitCode: number | null;
  seconds: number;
}

/** A Pulumi program of a few objects, with a state of its own, on the embedded cluster. */
export interface SmallProgram {
  folder: string;
  /** Runs `pulumi` with these arguments in the program's folder. */
  pulumi(...args: string[]): Promise<Run>;
  up(...flags: string[]): Promise<Run>;
  /** Removes what the program made, and its folder. */
  remove(): Promise<void>;
}

const quiet = ["--yes", "--skip-preview", "--non-interactive", "--color", "never"];

/** Writes the program and creates its stack. It finds `k8s`, `pulumi`, `config`, and the stack's
 * `provider` declared. */
export async function createProgram(body: string): Promise<SmallProgram> {
  const folder = mkdtempSync(join(tmpdir(), "small-program-"));
  symlinkSync(join(projectRoot, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{"type":"module","main":"index.ts"}\n');
  writeFileSync(join(folder, "Pulumi.yaml"), "name: small\nruntime: nodejs\n");
  writeFileSync(join(folder, "index.ts"), head + body);
  const env = {
    ...process.env,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_CONFIG_PASSPHRASE_FILE: "",
    PULUMI_STACK: "test",
  };
  const run = $({ cwd: folder, env, quiet: true, nothrow: true });
  const pulumi = async (...args: string[]): Promise<Run> => {
    const { stdout, stderr, exitCode, duration } = await run`pulumi ${args}`;
    return { output: stdout + stderr, exitCode, seconds: duration / 1000 };
  };
  const made = await pulumi("stack", "init", "test");
  if (made.exitCode !== 0) throw new Error(made.output);
  return {
    folder,
    pulumi,
    up: (...flags) => pulumi("up", ...quiet, ...flags),
    async remove() {
      await pulumi("destroy", ...quiet);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const head = `
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { clusterProvider } from ${JSON.stringify(join(projectRoot, "k8s/cluster-provider.ts"))};
const config = new pulumi.Config();
const kubeconfig = config.get("kubeconfig") ?? ${JSON.stringify(dataPaths.kubeconfig)};
const { provider } = clusterProvider({
  files: [kubeconfig],
  pluginKubeconfig: kubeconfig,
  kubeContext: config.get("context") ?? "breakwater",
}, true);
`;

import type { GateConfig } from "../../../contract/gate-metrics.ts";
import type { StackOutputs } from "../../../contract/outputs.ts";
import { sampleOutputs, sampleWorkload } from "../samples.ts";
import type { OwnCertificate } from "./certificates.ts";
import { namespaceUid, startImagesCluster } from "./images-cluster.ts";
import { type CellRun, runLoadTestProcess } from "./run-cell.ts";
import { type Script, ScriptedServer } from "./scripted-server.ts";
import * as scripts from "./scripts.ts";

/** Makes the runs of a cell. @param stack a name that no other run has @returns the last run */
export type RunCell = (stack: string) => Promise<CellRun>;

/** Only limits that a busy machine does not exceed by itself. */
const gates: GateConfig[] = [
  { metric: "error_rate", limit: 0 },
  { metric: "p90", limit: 1500 },
  { metric: "samples", limit: 5 },
];
/** Arguments of one run, in a closed model, at a fixed rate and with several turns. */
export const single = ["--duration", "3s", "--warmup", "0s", "--connections", "8"];
/** See `single`. */
export const fixed = ["--duration", "3s", "--warmup", "0s", "--connections", "60", "--rate", "40"];
/** See `single`. */
export const repeated = ["--repeats", "6", "--duration", "1s", "--warmup", "0s", "--connections", "8"];

/** One run of the load test. */
export interface Setting {
  args: readonly string[];
  script?: Script;
  gates?: GateConfig[];
  scenario?: string;
  tls?: OwnCertificate;
  preload?: string;
  /** Runs before the load test. */
  before?: (server: ScriptedServer) => void;
}

/** A run against one scripted server, whose pods nobody watches. */
async function against(server: ScriptedServer, stack: string, setting: Setting): Promise<CellRun> {
  server.play(setting.script ?? scripts.good);
  setting.before?.(server);
  const outputs = withLoadtest({ gates: setting.gates ?? gates });
  const scenario = setting.scenario ?? "light";
  const args = ["--stack", stack, "--against", server.endpoint, "--scenario", scenario, ...setting.args];
  return runLoadTestProcess(outputs, args, setting.preload);
}

function withLoadtest(more: Partial<StackOutputs["loadtest"]>): StackOutputs {
  return sampleOutputs({ loadtest: { ...sampleOutputs().loadtest, ...more } });
}

/** One run against a server of its own. */
export function once(setting: Setting): RunCell {
  return async (stack) => {
    await using server = await ScriptedServer.start(setting.tls);
    return await against(server, stack, setting);
  };
}

/** A good run that saves a baseline, then the run of the cell against the same server. */
export function afterBaseline(setting: Setting, first: Partial<Setting> = {}): RunCell {
  return async (stack) => {
    await using server = await ScriptedServer.start();
    const args = [...repeated, "--save-baseline"];
    const saved = await against(server, stack, { args, scenario: setting.scenario ?? "light", ...first });
    if (saved.exitCode !== 0) return saved;
    return await against(server, stack, setting);
  };
}

/** Two images, each of which is one server. */
export function images(a: Script, b: Script): RunCell {
  return async (stack) => {
    await using serverA = await ScriptedServer.start();
    await using serverB = await ScriptedServer.start();
    await using cluster = await startImagesCluster({ a: serverA.port, b: serverB.port });
    serverA.play(a);
    serverB.play(b);
    const outputs = sampleOutputs({
      endpoint: serverA.endpoint,
      cluster: { kubeconfig: cluster.kubeconfig, kubeContext: "stub", server: cluster.server, namespaceUid },
      workloads: [sampleWorkload(), sampleWorkload({ name: "nginx", role: "nginx" })],
      loadtest: { ...sampleOutputs().loadtest, gates },
    });
    const args = ["--stack", stack, "--scenario", "light", "--compare-images", "a:1", "b:1", ...repeated];
    return await runLoadTestProcess(outputs, args);
  };
}

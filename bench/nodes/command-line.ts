import { type CommandSpec, helpOf, parseCommandLine, wholeNumber } from "../../host/command-line.ts";

/** Maximum number of fake nodes. The cluster's pod range has a part for each of 256 nodes. */
const mostNodes = 200;
/** Maximum number of pods on one node, Kubernetes' own default. */
export const podsPerNode = 110;

/** The options of `npm run bench:nodes`. */
export interface NodesCommand {
  nodes: number;
  pods: number;
  json: string | undefined;
  help: boolean;
}

const spec = {
  command: "npm run bench:nodes",
  about: `Adds fake nodes and fake pods to the embedded cluster and removes them again. Measures the times until all are ready and
until all are gone, and the memory of the control plane. Nothing runs on fake nodes, and real pods do not land on them.`,
  options: {
    nodes: { type: "string", value: "N", default: "100", about: `fake nodes, from 1 to ${mostNodes}` },
    pods: {
      type: "string",
      value: "N",
      default: "1000",
      about: `fake pods, from 1 to ${podsPerNode} for each node`,
    },
    json: { type: "string", value: "FILE", about: "write all results there" },
  },
} as const satisfies CommandSpec;

export const usage = helpOf(spec);

/** @throws {UserError} with exit code 2 */
export function parseNodesCommand(args: readonly string[]): NodesCommand {
  const { values, help } = parseCommandLine(spec, args);
  const nodes = wholeNumber(spec, "nodes", values.nodes, 1, mostNodes);
  const pods = wholeNumber(spec, "pods", values.pods, 1, nodes * podsPerNode);
  return { nodes, pods, json: values.json, help };
}

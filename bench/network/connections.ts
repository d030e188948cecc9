import { join } from "node:path";
import { runCommand } from "../../host/run-command.ts";
import type { Flow, FlowPort } from "../../k8s/network-flows.ts";
import { network } from "../../local/cluster/network.ts";
import { admits, type Endpoint } from "./admits.ts";

/** A pod whose network namespace the proof enters. */
export interface Source extends Endpoint {
  /** Kind of pod, for the table. */
  kind: string;
  name: string;
  /** A process of the pod on this machine. */
  pid: number;
}

/** An address and port that connections are tried to. */
export interface Target extends FlowPort {
  /** Kind of pod, or the place, for the table. */
  kind: string;
  name: string;
  address: string;
  /** The end after the translation of a Service's address, and its port. */
  endpoint: Endpoint;
  endpointPort: number;
}

/** One pair of ends with what was drawn and what was seen. */
export interface Connection {
  source: Source;
  target: Target;
  isDrawn: boolean;
  /** `open`, or why there was no connection. */
  outcome: string;
}

const program = join(import.meta.dirname, "attempt.mjs");

/** Tries connections from a pod's network namespace, all at once. @returns outcomes in the order of the targets */
export async function tryFrom(pid: number, targets: readonly Target[]): Promise<string[]> {
  const input = JSON.stringify(targets.map(({ address, port, protocol }) => ({ address, port, protocol })));
  const output = await runCommand("nsenter", [`--net=/proc/${pid}/ns/net`, process.execPath, program], {
    input,
    fix: "run the proof as root, on the machine of the embedded cluster",
  });
  return JSON.parse(output) as string[];
}

/** Tries every target from a source. */
export async function tryAll(
  flows: readonly Flow[],
  source: Source,
  targets: readonly Target[],
): Promise<Connection[]> {
  const others = targets.filter(({ name }) => name !== source.name);
  const outcomes = await tryFrom(source.pid, others);
  return others.map((target, index) => ({
    source,
    target,
    isDrawn: admits(flows, source, target.endpoint, { port: target.endpointPort, protocol: target.protocol }),
    outcome: outcomes[index] ?? "no outcome",
  }));
}

/**
 * Tries every pod from the machine itself, whose probes and NodePorts pass all policies. It also shows that the pods accept
 * connections at all.
 */
export async function tryFromNode(targets: readonly Target[]): Promise<Connection[]> {
  const { nodeAddress: address } = network;
  const source: Source = { kind: "the node", name: "the node", pid: process.pid, address, isInStack: false };
  const outcomes = await tryFrom(source.pid, targets);
  return targets.map((target, index) => ({
    source,
    target,
    isDrawn: true,
    outcome: outcomes[index] ?? "no outcome",
  }));
}

/** Whether a connection is as drawn. */
export function isAsDrawn({ isDrawn, outcome }: Connection): boolean {
  return isDrawn === (outcome === "open");
}

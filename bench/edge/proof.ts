import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterApi } from "../../host/cluster-api.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";
import type { TlsSettings } from "../../loadtest/load/tls.ts";
import type { EdgeCommand } from "./command-line.ts";

/** Users that the loads read and write. */
export const userCount = 200;

/** What all parts of a proof share. `Command`: the options that a part needs. */
export interface Proof<Command = EdgeCommand> {
  outputs: ReachedStack;
  api: ClusterApi;
  /** How the certificate is checked; undefined: by the authorities that Node.js knows. */
  tls: TlsSettings | undefined;
  command: Command;
  /** Aborted by Ctrl-C: a part ends early, and puts back what it changed. */
  signal: AbortSignal;
}

/** Where the stack's own gateway gets its load. */
export function stackLoad({ outputs, tls, command }: Proof<Pick<EdgeCommand, "rate">>) {
  return { origin: new URL(outputs.endpoint).origin, tls, connections: 32, ratePerSecond: command.rate };
}

/** Waits for a time, or until the proof is interrupted. @throws {Error} when it is */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}

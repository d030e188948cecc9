import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { readJsonObject } from "../../host/read-json.ts";
import { writeConfigFile } from "./config-file.ts";
import { makeFolders, places } from "./layout.ts";

/** What a stack asks of the embedded cluster besides Kubernetes itself. All stacks of the machine share the cluster. */
export interface StackNeeds {
  stack: string;
  /** The stack's file in Pulumi's state. When it is gone, the stack was removed and asks for nothing. */
  stateFile: string;
  metricsServer: boolean;
}

const fileOf = (stack: string): string => join(places.needs, `${stack}.json`);

/**
 * Keeps what a stack asks for, in place of what it asked for before, and forgets other stacks that were removed. The given
 * stack may be new, so it needs no state yet.
 */
export async function recordNeeds(needs: StackNeeds): Promise<void> {
  await makeFolders();
  for (const other of await recorded())
    if (other.stack !== needs.stack && !existsSync(other.stateFile)) await rm(fileOf(other.stack));
  if (needs.metricsServer) await writeConfigFile(fileOf(needs.stack), `${JSON.stringify(needs)}\n`);
  else await rm(fileOf(needs.stack), { force: true });
}

/** Whether a stack of this machine asks for metrics-server. */
export async function metricsServerIsNeeded(): Promise<boolean> {
  return (await recorded()).some(({ metricsServer }) => metricsServer);
}

async function recorded(): Promise<StackNeeds[]> {
  const files = await readdir(places.needs).catch((): string[] => []);
  const complete = files.filter((file) => file.endsWith(".json"));
  const needs = await Promise.all(
    complete.map((file) => readJsonObject<StackNeeds>(join(places.needs, file))),
  );
  // A file that was cut off is written again by the next command of its stack.
  return needs.filter((each) => each !== undefined && each !== "invalid");
}

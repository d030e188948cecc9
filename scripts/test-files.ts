import { glob } from "zx";
import { projectRoot } from "./stack.ts";

const ignore = ["node_modules/**", ".build/**"];
const kinds = ["e2e", "int"];

/** Unit tests: no cluster, no servers of others, seconds. */
export async function unitTests(): Promise<string[]> {
  const all = await glob("**/*.test.ts", { cwd: projectRoot, ignore });
  return all.filter((file) => !kinds.some((kind) => file.endsWith(`.${kind}.test.ts`))).sort();
}

/** Tests against a real cluster, engine and stack (`e2e`), or real servers that they start themselves (`int`). */
export async function realTests(kind: "e2e" | "int"): Promise<string[]> {
  return (await glob(`**/*.${kind}.test.ts`, { cwd: projectRoot, ignore })).sort();
}

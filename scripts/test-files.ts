import { glob } from "zx";
import { UserError } from "../contract/user-error.ts";
import { projectRoot } from "./stack.ts";

const ignore = ["**/node_modules/**", ".build/**"];
const kinds = ["e2e", "int"];

/**
 * The unit tests, which need no cluster and no servers, at or below some paths.
 *
 * @param paths relative to the checkout; none for all.
 * @throws {UserError} with exit code 2 when one of the paths has no unit tests.
 */
export async function unitTests(paths: readonly string[] = []): Promise<string[]> {
  const all = (await glob("**/*.test.ts", { cwd: projectRoot, ignore }))
    .filter((file) => !kinds.some((kind) => file.endsWith(`.${kind}.test.ts`)))
    .sort();
  if (paths.length === 0) return all;
  const under = (file: string, path: string): boolean =>
    file === path || file.startsWith(`${path.replace(/\/+$/, "")}/`);
  const empty = paths.find((path) => !all.some((file) => under(file, path)));
  if (empty !== undefined)
    throw new UserError(
      `there is no unit test at ${empty}`,
      "name a file *.test.ts or a folder with such files, relative to the checkout",
      { exitCode: 2 },
    );
  return all.filter((file) => paths.some((path) => under(file, path)));
}

/** Tests on a real cluster, engine and stack (`e2e`), or tests that start real servers (`int`). */
export async function realTests(kind: "e2e" | "int"): Promise<string[]> {
  return (await glob(`**/*.${kind}.test.ts`, { cwd: projectRoot, ignore })).sort();
}

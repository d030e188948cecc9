import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { UserError } from "../contract/user-error.ts";
import { projectRoot, withProject } from "./stack.ts";

const example = "examples/new";
const files = ["server.mjs", "routes.mjs", "routes.test.mjs", "Dockerfile", ".dockerignore", "package.json"];

/**
 * Writes a small API to a new folder, and the stack file that deploys and loads it.
 *
 * @param name name of the API, its stack and its package
 * @param folder absolute path of a folder that does not exist yet
 * @param project absolute path of the checkout that gets the stack file
 * @returns paths of all files that were written
 * @throws {UserError} with exit code 2 on a wrong name, a folder that exists, or a stack of that name
 */
export function writeNewApi(name: string, folder: string, project = projectRoot): string[] {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    throw refusal(
      `${name}: must be lower-case letters, digits and dashes, at most 40, a letter first`,
      "choose another name",
    );
  const stackFile = join(project, `Pulumi.${name}.yaml`);
  for (const path of [folder, stackFile])
    if (existsSync(path)) throw refusal(`${path} exists, and nothing is overwritten`, "choose another name");
  mkdirSync(folder, { recursive: true });
  const read = (file: string) => readFileSync(join(projectRoot, example, file), "utf8");
  for (const file of files) writeFileSync(join(folder, file), read(file).replace("new-example", name));
  const context = relative(project, folder);
  writeFileSync(
    stackFile,
    withProject(read("stack.yaml").replace(`context: ${example}`, `context: ${context}`)),
  );
  return [...files.map((file) => join(folder, file)), stackFile];
}

function refusal(what: string, fix: string): UserError {
  return new UserError(what, `${fix}: npm run new -- NAME, or --folder PATH`, { exitCode: 2 });
}

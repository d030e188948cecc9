import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runGo } from "./go-command.ts";
import { modulesDir } from "./lock.ts";
import type { GoTool } from "./tools.ts";
import { formatVersion } from "./version.ts";

/**
 * Prepares the two files that the main.go of a Pulumi plugin embeds: the resource schema with its version, which the Go
 * module has only without, and the mapping from Terraform's names. The files go to `dir`, because the folder of the
 * module is a part of this checkout.
 *
 * @param tool a tool with `schemaOf`.
 * @returns path of a file for the option `-overlay` of `go build`.
 * @throws {UserError} when the Go module cannot be downloaded.
 */
export async function writeSchemaOverlay(tool: GoTool & { schemaOf: string }, dir: string): Promise<string> {
  const moduleDir = join(modulesDir, tool.module);
  const downloaded = await runGo(tool.module, ["mod", "download", "-json", tool.schemaOf]);
  const source = join((JSON.parse(downloaded) as { Dir: string }).Dir, "cmd", tool.name);

  const schema = JSON.parse(await readFile(join(source, "schema.json"), "utf8")) as object;
  const versioned = join(dir, "schema-embed.json");
  await writeFile(versioned, JSON.stringify({ ...schema, version: formatVersion(tool.version) }));

  const overlay = join(dir, "overlay.json");
  const Replace = {
    [join(moduleDir, "schema-embed.json")]: versioned,
    [join(moduleDir, "terraform-mapping.json")]: join(source, "terraform-mapping.json"),
  };
  await writeFile(overlay, JSON.stringify({ Replace }));
  return overlay;
}

import { join } from "node:path";
import { buildApi, bundlePrograms, writeFiles } from "../../app/build.ts";

const root = join(import.meta.dirname, "../..");
const servers = ["raw", "fastify", "express"] as const;

/** The bundled program of each server. */
export type Bundles = Record<(typeof servers)[number] | "api", string>;

/** Bundles the API as in its image, and the other servers the same way, into `folder`. */
export async function bundleServers(folder: string): Promise<Bundles> {
  const entryPoints = Object.fromEntries(servers.map((name) => [name, `bench/api/servers/${name}.ts`]));
  writeFiles(join(folder, "api"), await buildApi());
  writeFiles(folder, (await bundlePrograms(root, entryPoints)).files);
  return {
    api: join(folder, "api/server.js"),
    raw: join(folder, "raw.js"),
    fastify: join(folder, "fastify.js"),
    express: join(folder, "express.js"),
  };
}

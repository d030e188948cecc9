import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { buildSync } from "esbuild";
import { packageFolders, renderNotices } from "../../app/notices.ts";

/** The styles of a report page: those of the plots, and its own. */
export function pageStyles(): string {
  const plots = readFileSync(createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css"), "utf8");
  return `${plots}${readFileSync(join(import.meta.dirname, "page.css"), "utf8")}`;
}

/** A page's script, bundled with its packages, and their licences. @param entry path of the script */
export function bundleScript(entry: string): { script: string; notices: string } {
  const folder = dirname(entry);
  const built = buildSync({
    entryPoints: [entry],
    absWorkingDir: folder,
    metafile: true,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    write: false,
  });
  const sources = Object.keys(built.metafile.inputs).map((path) => resolve(folder, path));
  return {
    script: (built.outputFiles[0]?.text ?? "").replaceAll("</script", "<\\/script"),
    notices: renderNotices(packageFolders(sources)),
  };
}

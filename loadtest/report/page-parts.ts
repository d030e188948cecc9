import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { buildSync } from "esbuild";
import { packageFolders, renderNotices } from "../../app/notices.ts";
import { escapeHtml, inlineJson } from "./html.ts";

/** What the page of a report consists of. */
export interface ReportPage {
  title: string;
  heading: string;
  /** Class of the head, which gives its colour. */
  verdict: string;
  /** HTML below the heading. */
  head: string;
  /** HTML of the sections. */
  sections: string;
  /** Data for the script, which finds it as JSON in the element `report`. */
  data: unknown;
  /** Path of the script that draws the plots. */
  script: string;
}

/** A report as one HTML page. It needs no network: it contains styles, plots and data. */
export function renderPage({
  title,
  heading,
  verdict,
  head,
  sections,
  data,
  script: entry,
}: ReportPage): string {
  const { script, notices } = bundleScript(entry);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${pageStyles()}</style>
</head>
<body>
<header class="${verdict}">
<h1>${escapeHtml(heading)}</h1>
${head}
</header>
<main>
${sections}
<details id="notices"><summary>Licences of the software in this page</summary><pre>${escapeHtml(notices)}</pre></details>
</main>
<script type="application/json" id="report">${inlineJson(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** Names and values of a run, as a list of definitions. */
export function factList(rows: readonly (readonly [name: string, value: string])[]): string {
  return `<dl>${rows.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join("\n")}</dl>`;
}

/** The styles of a report page: those of the plots, and its own. */
function pageStyles(): string {
  const plots = readFileSync(createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css"), "utf8");
  return `${plots}${readFileSync(join(import.meta.dirname, "page.css"), "utf8")}`;
}

/** A page's script, bundled with its packages, and their licences. @param entry path of the script */
function bundleScript(entry: string): { script: string; notices: string } {
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

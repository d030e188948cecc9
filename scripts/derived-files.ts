import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type OpenApiDocument, openApiDocument } from "../app/openapi.ts";
import { capacitySchemaText } from "../capacity/report/schema.ts";
import { generatedFiles } from "../config/generate/files.ts";
import { flowsTable } from "../k8s/flows-table.ts";
import { schemaText } from "../loadtest/report/report-schema.ts";
import { projectRoot } from "./stack.ts";

/** Every file that `npm run generate` writes, by its path. Prose around generated tables is kept. */
export async function derivedFiles(): Promise<Record<string, string>> {
  const document = await openApiDocument();
  const apiDocs = "docs/api.md";
  const networkDocs = "docs/network.md";
  return {
    ...generatedFiles(projectRoot),
    "loadtest/report/report.schema.json": schemaText(),
    "capacity/report/capacity.schema.json": capacitySchemaText(),
    "docs/openapi.json": `${JSON.stringify(document, null, 2)}\n`,
    [apiDocs]: withRoutes(readFileSync(join(projectRoot, apiDocs), "utf8"), document),
    [networkDocs]: withFlows(readFileSync(join(projectRoot, networkDocs), "utf8")),
  };
}

/** Replaces the table between `<!-- table: routes -->` and `<!-- end -->`. */
function withRoutes(text: string, { paths }: OpenApiDocument): string {
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { summary, parameters = [] }]) => {
      const queries = parameters
        .filter((parameter) => parameter.in === "query")
        .map(({ name }) => `${name}=`);
      const query = queries.length > 0 ? `?${queries.join("&")}` : "";
      return `| \`${method.toUpperCase()} ${path}${query}\` | ${summary} |`;
    }),
  );
  const table = ["| route | response |", "| --- | --- |", ...rows].join("\n");
  return text.replace(
    /(<!-- table: routes -->\n)[\s\S]*?(<!-- end -->)/,
    (_match, start: string, end: string) => `${start}${table}\n${end}`,
  );
}

/** Replaces the table between `<!-- table: flows -->` and `<!-- end -->`. */
function withFlows(text: string): string {
  return text.replace(
    /(<!-- table: flows -->\n)[\s\S]*?(<!-- end -->)/,
    (_match, start: string, end: string) => `${start}\n${flowsTable()}\n\n${end}`,
  );
}

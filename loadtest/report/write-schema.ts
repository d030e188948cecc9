import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { schemaText } from "./report-schema.ts";

await writeFile(join(import.meta.dirname, "report.schema.json"), schemaText());

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse } from "yaml";
import type { ApiPrefix } from "../../contract/api-prefix.ts";
import { exitCodes, UserError } from "../../contract/user-error.ts";
import { type FirstForm, formText } from "./first-form.ts";
import { fromHar } from "./har.ts";
import { fromOpenApi } from "./openapi.ts";
import { isObject } from "./schema-sample.ts";

/**
 * The text of a stack file with requests from an OpenAPI document or an HTTP archive.
 *
 * @param file path of a JSON or YAML file
 * @param project name of the Pulumi project
 * @param prefix prefix of the API's paths at the gateway; default: `/api/`
 * @throws {UserError} with exit code 2 when the file is neither, or has no requests
 */
export function stackTextFrom(file: string, project: string, prefix?: ApiPrefix): string {
  const form = read(file, prefix);
  if (Object.keys(form.requests).length === 0)
    throw refusal(file, `it has no request that the load test can send; ${form.notes.join("; ")}`);
  return formText(form, project, basename(file));
}

function read(file: string, prefix: ApiPrefix | undefined): FirstForm {
  try {
    const document: unknown = parse(readFileSync(file, "utf8"), { maxAliasCount: 100 });
    return isObject(document) && "log" in document
      ? fromHar(document, prefix)
      : fromOpenApi(document, prefix);
  } catch (error) {
    const [first] = (error as Error).message.split("\n");
    throw refusal(file, first ?? "");
  }
}

function refusal(file: string, why: string): UserError {
  return new UserError(
    `--from ${file}: ${why}`,
    "give an OpenAPI document (2.0, 3.0 or 3.1) as JSON or YAML, or an HTTP archive (.har) of a browser",
    { exitCode: exitCodes["wrong usage"] },
  );
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A schema of the API server's OpenAPI document, or a part of one. */
interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
  [keyword: string]: unknown;
}

/** The API server's own OpenAPI document, version 2. */
export interface OpenApi {
  definitions: Record<string, Schema>;
}

const prefix = "#/definitions/";
/** What the document calls a string although others are taken. */
const wider: Readonly<Record<string, Schema>> = {
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { type: ["string", "integer"] },
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { type: ["string", "number"] },
  // The API server itself writes null into the templates of pods.
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": { type: ["string", "null"] },
};

/**
 * Writes the JSON schemas of all kinds as files, under the names by which kubeconform and kubesec look for them
 * (`deployment-apps-v1.json`, `service-v1.json`). Unknown fields are refused.
 */
export async function writeSchemas({ definitions }: OpenApi, folder: string): Promise<void> {
  for (const [name, definition] of Object.entries(definitions))
    for (const { group, version, kind } of definition["x-kubernetes-group-version-kind"] ?? []) {
      const parts = [kind, ...(group === "" ? [] : [group.split(".")[0]]), version];
      const file = join(folder, `${parts.join("-").toLowerCase()}.json`);
      await writeFile(file, JSON.stringify(schemaOf(name, definitions)));
    }
}

/** A definition with all definitions that it refers to. */
export function schemaOf(name: string, all: OpenApi["definitions"]): Schema {
  const needed = new Map<string, Schema>();
  const add = (each: string): void => {
    if (needed.has(each)) return;
    const definition = wider[each] ?? strict(all[each] ?? {});
    needed.set(each, definition);
    for (const [, next = ""] of JSON.stringify(definition).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g))
      add(next);
  };
  add(name);
  return { $ref: `${prefix}${name}`, definitions: Object.fromEntries(needed) };
}

const strict = (definition: Schema): Schema =>
  definition.properties === undefined ? definition : { ...definition, additionalProperties: false };

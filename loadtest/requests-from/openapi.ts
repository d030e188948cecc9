import { type ApiPrefix, atGateway } from "../../contract/api-prefix.ts";
import { type FirstForm, FormBuilder, type RequestForm } from "./first-form.ts";
import { generatorFor, isObject, Resolver, type Schema, sampleOf, textOf } from "./schema-sample.ts";
import { isSecretName, secretVariable, withoutSecrets } from "./secrets.ts";

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: unknown;
  example?: unknown;
}

const verbs = ["get", "post", "put", "patch", "delete"] as const;

/**
 * A first form of requests from an OpenAPI document: one for each operation, with its required parameters, a sample of its JSON body,
 * and its first status of success.
 *
 * @param document an OpenAPI document of version 2.0, 3.0 or 3.1, parsed. References to other files are reported as left out.
 * @param prefix prefix of the API's paths at the gateway
 * @throws {Error} when it is no such document
 */
export function fromOpenApi(document: unknown, prefix?: ApiPrefix): FirstForm {
  if (!isObject(document) || !isObject(document.paths)) throw new Error("it has no paths");
  const version = textOf(document.openapi ?? document.swagger) ?? "";
  if (!/^(2\.0|3\.[01])/.test(version))
    throw new Error(`its version is "${version}", and not 2.0, 3.0 or 3.1`);
  const resolver = new Resolver(document);
  const builder = new FormBuilder();
  const base = atGateway(basePath(document), prefix);
  for (const [path, given] of Object.entries(document.paths)) {
    const item = resolver.resolve(given);
    if (!isObject(item)) continue;
    for (const verb of verbs) {
      const operation = resolver.resolve(item[verb]);
      if (!isObject(operation)) continue;
      const name = textOf(operation.operationId) ?? `${verb} ${path}`;
      try {
        const shared = [...listOf(item.parameters), ...listOf(operation.parameters)];
        const parameters = shared.map((each) => resolver.resolve(each) as unknown as Parameter);
        const security = operation.security ?? document.security;
        builder.add(name, requestOf(verb, base + path, operation, parameters, { resolver, security }));
      } catch (error) {
        builder.note(`${verb.toUpperCase()} ${path}: ${(error as Error).message}`);
      }
    }
  }
  return builder.build();
}

interface Context {
  resolver: Resolver;
  security: unknown;
}

function requestOf(
  verb: string,
  path: string,
  operation: Schema,
  parameters: readonly Parameter[],
  { resolver, security }: Context,
): RequestForm {
  // Later ones, of the operation, replace those of the path.
  const byPlace = new Map(parameters.map((each) => [`${each.in} ${each.name}`, each]));
  const isTwice = (name: string) => [...byPlace.values()].filter((each) => each.name === name).length > 1;
  const filling = ({ name, schema, example, ...rest }: Parameter) =>
    isSecretName(name)
      ? secretVariable(name)
      : generatorFor(isTwice(name) ? `${name}-${rest.in}` : name, {
          ...(resolver.resolve(schema ?? rest) as Schema),
          ...(example !== undefined && { example }),
        });
  const filled = path.replace(/\{([^}]+)\}/g, (_match, name: string) =>
    filling(byPlace.get(`path ${name}`) ?? { name, in: "path" }),
  );
  const wanted = [...byPlace.values()].filter(({ required }) => required);
  const query = wanted
    .filter((each) => each.in === "query")
    .map((each) => `${encodeURIComponent(each.name)}=${filling(each)}`);
  const headers = Object.fromEntries(
    wanted.filter((each) => each.in === "header").map((each) => [each.name.toLowerCase(), filling(each)]),
  );
  if (Array.isArray(security) && security.length > 0 && !security.some((each) => isEmpty(each)))
    headers.authorization = "Bearer {{token: env API_TOKEN}}";
  const body = bodyOf(operation, byPlace, resolver);
  const statuses = successOf(operation);
  return {
    ...(verb !== "get" && { method: verb.toUpperCase() }),
    path: query.length > 0 ? `${filled}?${query.join("&")}` : filled,
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(body !== undefined && { body }),
    ...(statuses.length > 0 && { expect: { statuses } }),
  };
}

/** A sample of the JSON body, of version 2.0 (a parameter) or 3. @throws {Error} on a body that is not JSON. */
function bodyOf(
  operation: Schema,
  parameters: ReadonlyMap<string, Parameter>,
  resolver: Resolver,
): string | undefined {
  const old = [...parameters.values()].find((each) => each.in === "body");
  if (old !== undefined) return withoutSecrets(JSON.stringify(sampleOf(old.schema, resolver)));
  const request = resolver.resolve(operation.requestBody);
  if (!isObject(request) || !isObject(request.content)) return undefined;
  const json = Object.entries(request.content).find(([type]) => /[/+]json\b/.test(type))?.[1];
  if (!isObject(json))
    throw new Error(`its body is ${Object.keys(request.content).join(", ")}, and not JSON`);
  const [first] = isObject(json.examples) ? Object.values(json.examples) : [];
  const example = json.example ?? (isObject(first) ? first.value : undefined);
  return withoutSecrets(JSON.stringify(example ?? sampleOf(json.schema, resolver)));
}

/** The first status of success, where the default expectation, 200 to 299, is too wide. */
function successOf({ responses }: Schema): number[] {
  const statuses = isObject(responses)
    ? Object.keys(responses).filter((status) => /^[23]\d\d$/.test(status))
    : [];
  return statuses.slice(0, 1).map(Number);
}

/** What precedes the paths of a document, which need not know the gateway. */
function basePath(document: Schema): string {
  const [server] = listOf(document.servers);
  const url = isObject(server) ? textOf(server.url) : undefined;
  const path = textOf(document.basePath) ?? (url === undefined ? "" : new URL(url, "http://api").pathname);
  return path.replace(/\/+$/, "");
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isEmpty(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}

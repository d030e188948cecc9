import { randomUUID } from "node:crypto";
import type { RequestConfig } from "../../contract/outputs.ts";
import { type Generator, parseTemplate, type Slot, type Template } from "../../contract/request-template.ts";
import { UserError } from "../../contract/user-error.ts";
import { type Random, zipf } from "../../measure/random.ts";
import type { RequestOfKind } from "./planned-request.ts";

/** Skew of `zipf`, as of the keys of the example API. */
const zipfExponent = 1;

/**
 * Compiles a kind of request of stack config. One without generators is the same object each time, and costs nothing.
 *
 * @throws {UserError} when a variable of the environment is missing, or a text cannot be read
 */
export function compileRequest(
  kind: string,
  config: RequestConfig,
  random: Random,
  env: NodeJS.ProcessEnv = process.env,
): () => RequestOfKind {
  const { method, headers, expect } = config;
  const named = Object.entries(headers).map(([name, text]) => [name, parseTemplate(text)] as const);
  const path = parseTemplate(config.path);
  const body = config.body === undefined ? undefined : parseTemplate(config.body);
  const all = [path, ...named.map(([, template]) => template), ...(body === undefined ? [] : [body])];
  const makers = makersOf(kind, all, random, env);
  const verify = bodyCheck(expect);
  const make = (values: ReadonlyMap<string, string>): RequestOfKind => ({
    kind,
    method,
    path: fill(path, values),
    ...(named.length > 0 && {
      headers: Object.fromEntries(named.map(([name, template]) => [name, fill(template, values)])),
    }),
    ...(body !== undefined && { body: fill(body, values) }),
    ...(expect.statuses.length > 0 && { statuses: expect.statuses }),
    verify,
  });
  if (makers.length === 0) {
    const same = make(new Map());
    return () => same;
  }
  return () => make(new Map(makers.map(([name, value]) => [name, value()])));
}

function fill(template: Template, values: ReadonlyMap<string, string>): string {
  let text = "";
  for (const part of template) text += typeof part === "string" ? part : (values.get(part.name) ?? "");
  return text;
}

function makersOf(
  kind: string,
  templates: readonly Template[],
  random: Random,
  env: NodeJS.ProcessEnv,
): [name: string, value: () => string][] {
  const slots = templates.flat().filter((part): part is Slot => typeof part !== "string");
  const made = new Map<string, () => string>();
  for (const { name, generator } of slots)
    if (generator.kind !== "same" && !made.has(name)) made.set(name, makerOf(kind, generator, random, env));
  return [...made];
}

function makerOf(
  kind: string,
  generator: Exclude<Generator, { kind: "same" }>,
  random: Random,
  env: NodeJS.ProcessEnv,
): () => string {
  switch (generator.kind) {
    case "uuid":
      return randomUUID;
    case "choice": {
      const { values } = generator;
      return () => values[Math.floor(random() * values.length)] ?? "";
    }
    case "env": {
      const value = env[generator.name];
      if (value === undefined)
        throw new UserError(
          `the request ${kind} needs the variable ${generator.name}, which the environment does not have`,
          `set it: ${generator.name}=… npm run loadtest`,
        );
      return () => value;
    }
    case "integer": {
      const { from, to, isZipf } = generator;
      const count = to - from + 1;
      const rank = isZipf ? zipf(count, zipfExponent, random) : () => 1 + Math.floor(random() * count);
      return () => String(from - 1 + rank());
    }
  }
}

/** The check of a right response's body. */
function bodyCheck({ contains, json, maxBody }: RequestConfig["expect"]): (body: string) => boolean {
  const wanted = Object.entries(json);
  return (body) => {
    if (contains !== undefined && !body.includes(contains)) return false;
    if (maxBody !== undefined && Buffer.byteLength(body) > maxBody) return false;
    if (wanted.length === 0) return true;
    let parsed: unknown;
    try {
      parsed = JSON.parse(body);
    } catch {
      return false;
    }
    return wanted.every(([pointer, value]) => spelled(valueAt(parsed, pointer)) === value);
  };
}

/** The value that a JSON pointer leads to (RFC 6901); undefined: none. */
function valueAt(document: unknown, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (found, step) =>
        typeof found === "object" && found !== null && Object.hasOwn(found, step)
          ? (found as Record<string, unknown>)[step]
          : undefined,
      document,
    );
}

const spelled = (value: unknown): string | undefined =>
  ["string", "number", "boolean"].includes(typeof value) ? String(value) : undefined;

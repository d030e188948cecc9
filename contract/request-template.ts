/*
 * Texts with generators, as `/users/{{id: 1..1000 zipf}}`: each request gets a value of its own. Stack config checks them, and the load
 * test compiles them.
 */

/** What makes the values of one name. */
export type Generator =
  | { kind: "integer"; from: number; to: number; isZipf: boolean }
  | { kind: "choice"; values: readonly string[] }
  | { kind: "uuid" }
  /** A variable of the environment of the load test. */
  | { kind: "env"; name: string }
  /** The value that another place of the same request has. */
  | { kind: "same" }
  /** A value of an earlier response on the same connection: one that `request` keeps. */
  | { kind: "from"; request: string; value: string }
  /** A file of the checkout. */
  | { kind: "file"; path: string }
  /** A column of a row of a CSV file. All columns of a file that a request uses come from one row. */
  | { kind: "csv"; path: string; column: string; isRandom: boolean };

/** The popularity of each number is kept in memory. */
const longestZipf = 1_000_000;

/** A part of a text that is made for each request. */
export interface Slot {
  /** Places of the same name have the same value in one request. */
  name: string;
  generator: Generator;
}

/** A text in its parts. */
export type Template = readonly (string | Slot)[];

/** What `{{…}}` may hold, for messages. */
export const generatorRule =
  "must be {{name: 1..1000}}, {{name: 1..1000 zipf}}, {{name: a|b|c}}, {{name: uuid}}, {{name: env VARIABLE}}, {{from: request.value}}, {{file: path}}, {{csv: path.column}}, {{csv: path.column random}}, or {{name}} for the value of that name elsewhere in the request";

/** Reads a text. @throws {Error} with the part that is none of the generators. */
export function parseTemplate(text: string): Template {
  return text.split(/(\{\{.*?\}\})/s).flatMap((part): Template => {
    if (part === "") return [];
    if (!part.startsWith("{{") || !part.endsWith("}}")) {
      if (part.includes("{{")) throw new Error(`"${part}" has no end`);
      return [part];
    }
    const [, name, , given] = /^\{\{\s*([a-zA-Z][\w-]*)\s*(:\s*(.*?)\s*)?\}\}$/s.exec(part) ?? [];
    if (name === undefined) throw new Error(`"${part}" has no name`);
    if (given === undefined) return [{ name, generator: { kind: "same" } }];
    const generator = generatorOf(given);
    if (generator !== undefined) return [{ name, generator }];
    const reference = referenceOf(name, given);
    if (reference === undefined) throw new Error(`"${part}" is no generator`);
    // The text is the name: it cannot be the name of another generator, and names the same value everywhere.
    return [{ name: `${name}: ${given}`, generator: reference }];
  });
}

/** What `{{from: …}}`, `{{file: …}}` and `{{csv: …}}` lead to. Other generators have a name in this place. */
function referenceOf(word: string, text: string): Generator | undefined {
  if (word === "file") return { kind: "file", path: text };
  if (word === "from") {
    const [, request, value] = /^([a-z][-a-z0-9]*)\.([a-zA-Z][\w-]*)$/.exec(text) ?? [];
    return request === undefined || value === undefined ? undefined : { kind: "from", request, value };
  }
  if (word !== "csv") return undefined;
  const [, path, column, random] = /^(.+)\.([^./]+?)( +random)?$/s.exec(text) ?? [];
  if (path === undefined || column === undefined) return undefined;
  return { kind: "csv", path, column, isRandom: random !== undefined };
}

function generatorOf(text: string): Generator | undefined {
  const [, from, to, zipf] = /^(\d{1,12})\.\.(\d{1,12})( +zipf)?$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined) {
    const range = {
      kind: "integer" as const,
      from: Number(from),
      to: Number(to),
      isZipf: zipf !== undefined,
    };
    const isTooLong = range.isZipf && range.to - range.from >= longestZipf;
    return range.from <= range.to && !isTooLong ? range : undefined;
  }
  if (text === "uuid") return { kind: "uuid" };
  const [, variable] = /^env +([A-Za-z_]\w*)$/.exec(text) ?? [];
  if (variable !== undefined) return { kind: "env", name: variable };
  return text.includes("|") ? { kind: "choice", values: text.split("|") } : undefined;
}

/** The texts of a request that may have generators, by their option. */
export function textsOf({
  path,
  headers,
  body,
}: {
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: string | undefined;
}): [option: string, text: string][] {
  return [
    ["path", path],
    ...(body === undefined ? [] : [["body", body] as [string, string]]),
    ...Object.entries(headers).map(([name, text]): [string, string] => [`headers.${name}`, text]),
  ];
}

/** The generators of texts. */
export function slotsOf(templates: readonly Template[]): Slot[] {
  return templates.flat().filter((part) => typeof part !== "string");
}

/** The names of a request's texts that two different generators make. */
export function twiceMade(templates: readonly Template[]): string[] {
  const made = new Map<string, string>();
  const twice = new Set<string>();
  for (const slot of slotsOf(templates)) {
    if (slot.generator.kind === "same") continue;
    const generator = JSON.stringify(slot.generator);
    if ((made.get(slot.name) ?? generator) !== generator) twice.add(slot.name);
    made.set(slot.name, generator);
  }
  return [...twice];
}

/** The names of a request's texts that are used but made nowhere. */
export function missingNames(templates: readonly Template[]): string[] {
  const slots = slotsOf(templates);
  const made = new Set(slots.flatMap(({ name, generator }) => (generator.kind === "same" ? [] : [name])));
  return [...new Set(slots.map(({ name }) => name))].filter((name) => !made.has(name));
}

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
  | { kind: "same" };

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
  "must be {{name: 1..1000}}, {{name: 1..1000 zipf}}, {{name: a|b|c}}, {{name: uuid}}, {{name: env VARIABLE}}, or {{name}} for the value of that name elsewhere in the request";

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
    const generator = given === undefined ? { kind: "same" as const } : generatorOf(given);
    if (generator === undefined) throw new Error(`"${part}" is no generator`);
    return [{ name, generator }];
  });
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

/** The names of a request's texts that two different generators make. */
export function twiceMade(templates: readonly Template[]): string[] {
  const made = new Map<string, string>();
  const twice = new Set<string>();
  for (const part of templates.flat()) {
    if (typeof part === "string" || part.generator.kind === "same") continue;
    const generator = JSON.stringify(part.generator);
    if ((made.get(part.name) ?? generator) !== generator) twice.add(part.name);
    made.set(part.name, generator);
  }
  return [...twice];
}

/** The names of a request's texts that are used but made nowhere. */
export function missingNames(templates: readonly Template[]): string[] {
  const slots = templates.flat().filter((part) => typeof part !== "string");
  const made = new Set(slots.flatMap(({ name, generator }) => (generator.kind === "same" ? [] : [name])));
  return [...new Set(slots.map(({ name }) => name))].filter((name) => !made.has(name));
}

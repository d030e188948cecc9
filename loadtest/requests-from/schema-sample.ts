/** A JSON object of an OpenAPI document. */
export type Schema = Record<string, unknown>;

const deepest = 6;

export function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Follows references inside of one document (RFC 6901). */
export class Resolver {
  readonly #document: Schema;

  constructor(document: Schema) {
    this.#document = document;
  }

  /** The value that a reference leads to, or the value itself. @throws {Error} on a reference that leads nowhere or to another file */
  resolve(value: unknown): unknown {
    let found = value;
    for (let hops = 0; isObject(found) && typeof found.$ref === "string"; hops++) {
      const reference = found.$ref;
      if (!reference.startsWith("#/"))
        throw new Error(`${reference} is in another file; bundle the document first`);
      if (hops > 20) throw new Error(`${reference} refers to itself`);
      found = reference
        .slice(2)
        .split("/")
        .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"))
        .reduce((at: unknown, part) => (isObject(at) ? at[part] : undefined), this.#document);
      if (found === undefined) throw new Error(`${reference} leads nowhere`);
    }
    return found;
  }
}

/** A text with a generator for a parameter, as in a path. */
export function generatorFor(name: string, schema: Schema): string {
  const slot = /^[a-zA-Z][\w-]*$/.test(name) ? name : `p${name.replace(/[^\w-]/g, "")}`;
  const example = schema.example ?? schema.default;
  const values = Array.isArray(schema.enum) ? schema.enum.map(String).filter(isPlain) : [];
  if (values.length > 1) return `{{${slot}: ${values.join("|")}}}`;
  if (values.length === 1) return encodeURIComponent(values[0] ?? "");
  if (schema.format === "uuid") return `{{${slot}: uuid}}`;
  if (typeNamed(schema, "integer") || typeNamed(schema, "number")) {
    const from = bound(schema.minimum) ?? 1;
    return `{{${slot}: ${from}..${Math.max(from, bound(schema.maximum) ?? from + 999)}}}`;
  }
  if (typeNamed(schema, "boolean")) return `{{${slot}: true|false}}`;
  return example === undefined ? `{{${slot}: 1..1000}}` : encodeURIComponent(String(example));
}

/** A value that a schema allows, as far as its keywords say it plainly. Strings of the format `uuid` get a generator. */
export function sampleOf(given: unknown, resolver: Resolver, depth = 0): unknown {
  const schema = resolver.resolve(given);
  if (!isObject(schema) || depth > deepest) return {};
  const [example] = Array.isArray(schema.examples) ? schema.examples : [];
  const known = schema.example ?? example ?? schema.const ?? schema.default;
  if (known !== undefined) return known;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  for (const key of ["oneOf", "anyOf"] as const)
    if (Array.isArray(schema[key])) return sampleOf((schema[key] as unknown[])[0], resolver, depth + 1);
  if (Array.isArray(schema.allOf)) {
    const parts = schema.allOf.map((part) => sampleOf(part, resolver, depth + 1));
    return Object.assign({}, ...parts.filter(isObject), ownProperties(schema, resolver, depth));
  }
  if (isObject(schema.properties)) return ownProperties(schema, resolver, depth);
  if (typeNamed(schema, "array")) return [sampleOf(schema.items, resolver, depth + 1)];
  if (typeNamed(schema, "integer") || typeNamed(schema, "number")) return bound(schema.minimum) ?? 1;
  if (typeNamed(schema, "boolean")) return true;
  return typeNamed(schema, "string") ? textSample(schema) : {};
}

/** The required properties; all of them when the schema requires none. */
function ownProperties(schema: Schema, resolver: Resolver, depth: number): Schema {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : Object.keys(properties);
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => required.includes(name))
      .map(([name, property]) => [name, sampleOf(property, resolver, depth + 1)]),
  );
}

function textSample({ format, minLength }: Schema): string {
  const known: Record<string, string> = {
    uuid: "{{uuid: uuid}}",
    email: "user{{number: 1..1000000}}@example.org",
    date: "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    uri: "https://example.org/",
  };
  return known[String(format)] ?? "text".padEnd(bound(minLength) ?? 4, "x");
}

/** Version 3.1 allows several types. */
function typeNamed({ type }: Schema, name: string): boolean {
  return Array.isArray(type) ? type.includes(name) : type === name;
}

function bound(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 ? Math.ceil(value) : undefined;
}

/** Whether a generator may have the text as one of its values, in a path. */
function isPlain(text: string): boolean {
  return /^[\w.~-]+$/.test(text);
}

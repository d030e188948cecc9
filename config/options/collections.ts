import { closest } from "../closest.ts";
import { joinPath } from "../problem.ts";
import {
  complete,
  type IsOptional,
  isObject,
  type JsonSchema,
  type Option,
  option,
  type Read,
  type Report,
  type Settings,
  type Shape,
  type ShapeValue,
  shownValue,
} from "./option.ts";

/** Settings of a section; all of them are optional. */
export interface SectionSettings<S extends Shape> {
  /** Checks a rule between the options of the section. It is called only when each of them is valid. */
  check?: (value: ShapeValue<S>, path: string, report: Report) => void;
  /** Keywords of JSON Schema that express the same rule as `check`. */
  schema?: JsonSchema;
}

/**
 * An object with known keys. An unknown key is reported with the most similar known key. A section that is not given
 * consists of the defaults of its options.
 */
export function section<S extends Shape>(
  doc: string,
  shape: S,
  { check, schema }: SectionSettings<S> = {},
): Option<ShapeValue<S>, false> {
  const entries = Object.entries(shape);
  const known = Object.keys(shape);
  const isSecret = entries.some(([, item]) => item.isSecret);
  const required = entries.filter(
    ([, item]) =>
      !item.optional && [true, false].every((embedded) => complete(item, undefined, embedded) === undefined),
  );
  return option({ doc, required: true } as const, {
    read: (value, path, report) => {
      if (!isObject(value))
        return void report({ path, value: shownValue(value, isSecret), rule: "must be an object" });
      let isRight = true;
      const note: Report = (problem) => {
        isRight = false;
        report(problem);
      };
      for (const key of Object.keys(value)) {
        // The text may be a secret with a misspelled key.
        const shown = shownValue(value[key], isSecret && typeof value[key] === "string");
        if (!known.includes(key)) note(unknownKey(joinPath(path, key), shown, key, known));
      }
      const result: Record<string, unknown> = {};
      for (const [key, { read, optional }] of entries) {
        if (value[key] !== undefined) result[key] = read(value[key], joinPath(path, key), note);
        else if (!optional) note({ path: joinPath(path, key), value: undefined, rule: "is required" });
      }
      // The result is complete only if no problem was reported; validate() uses it only then.
      if (isRight) check?.(result as ShapeValue<S>, path, report);
      return result as ShapeValue<S>;
    },
    bounds: "an object",
    schema: {
      type: "object",
      ...schema,
      properties: Object.fromEntries(entries.map(([key, item]) => [key, describedSchema(item)])),
      ...(required.length > 0 ? { required: required.map(([key]) => key) } : {}),
      additionalProperties: false,
    },
    fill: (given, embedded) => {
      if (given !== undefined && !isObject(given)) return given;
      const filled: Record<string, unknown> = { ...given };
      for (const [key, item] of entries) filled[key] = complete(item, filled[key], embedded);
      return filled;
    },
    children: Object.fromEntries(entries.map(([key, item]) => [`.${key}`, item])),
    isSecret,
  });
}

/** A rule for the keys of a map. */
export interface KeyRule {
  pattern: RegExp;
  /** The pattern in words: `must be …`. */
  rule: string;
  /** Refused keys that match the pattern, with the rule and the fix for each. */
  taken?: Readonly<Record<string, { rule: string; fix: string }>>;
}

/** An object with any keys that match `key`. All values follow the rule of `item`. */
export function mapOf<T, const S extends Settings<object>>(
  key: KeyRule,
  item: Option<T>,
  settings: S,
): Option<Record<string, T>, IsOptional<S>> {
  const { taken = {} } = key;
  const excluded = Object.keys(taken).map((name) => name.replace(/[./]/g, "\\$&"));
  const exclusion = excluded.length === 0 ? "" : `(?!(?:${excluded.join("|")})$)`;
  return option(settings, {
    read: (value, path, report) => {
      if (!isObject(value))
        return void report({
          path,
          value: shownValue(value, item.isSecret),
          rule: "must be an object of names and values",
        });
      const result: Record<string, T> = {};
      for (const [name, given] of Object.entries(value)) {
        const refused = key.pattern.test(name)
          ? Object.hasOwn(taken, name) && taken[name]
          : { rule: key.rule, fix: "rename the key" };
        if (refused) report({ path: joinPath(path, name), value: undefined, ...refused });
        const read = item.read(given, joinPath(path, name), report);
        if (read !== undefined) result[name] = read;
      }
      return result;
    },
    bounds: "an object of names and values",
    schema: {
      type: "object",
      propertyNames: { pattern: key.pattern.source.replace("^", `^${exclusion}`) },
      additionalProperties: describedSchema(item),
    },
    fill: (given, embedded) =>
      isObject(given)
        ? Object.fromEntries(Object.entries(given).map(([name, value]) => [name, item.fill(value, embedded)]))
        : given,
    children: childrenOf(item, ".<name>"),
    isSecret: item.isSecret,
  });
}

/** A list whose items follow the rule of `item`. With `unique`, no two items are equal; they must be scalars then. */
export function listOf<
  T,
  const S extends Settings<readonly unknown[]> & { minItems?: number; unique?: true },
>(item: Option<T>, settings: S): Option<T[], IsOptional<S>> {
  const { minItems = 0, unique } = settings;
  const rule = minItems === 0 ? "must be a list" : "must be a list with at least one item";
  const read: Read<T[]> = (value, path, report) => {
    if (!Array.isArray(value) || value.length < minItems) return void report({ path, value, rule });
    for (const [index, given] of value.entries())
      if (unique && value.indexOf(given) < index)
        report({
          path: `${path}[${index}]`,
          value: given,
          rule: "must be a value that no other item has",
          fix: "remove it",
        });
    return value
      .map((given, index) => item.read(given, `${path}[${index}]`, report))
      .filter((given) => given !== undefined);
  };
  return option(settings, {
    read,
    bounds: rule.replace("must be ", ""),
    schema: {
      type: "array",
      ...(minItems === 0 ? {} : { minItems }),
      ...(unique ? { uniqueItems: true } : {}),
      items: describedSchema(item),
    },
    fill: (given, embedded) =>
      Array.isArray(given) ? given.map((value) => item.fill(value, embedded)) : given,
    children: childrenOf(item, "[]"),
  });
}

/** The option's schema, with its documentation, bounds and default for editors. */
export function describedSchema(item: Option<unknown>): JsonSchema {
  const { doc, bounds, schema, defaults } = item;
  const shown = describeDefault(item);
  const isScalar = defaults.embedded !== undefined && typeof defaults.embedded !== "object";
  const isCommon = defaults.embedded === defaults.elsewhere && isScalar;
  const sentences = [
    doc.replace(/\[(.+?)\]\(.+?\)/g, "$1"),
    schema.pattern === undefined || bounds === "" ? "" : `Allowed: ${bounds}.`,
    isCommon || ["–", "see below"].includes(shown) ? "" : `Default: ${shown}.`,
  ].filter((sentence) => sentence !== "");
  return {
    ...(doc === "" ? {} : { description: sentences.join(" ") }),
    ...(isCommon ? { default: defaults.embedded } : {}),
    ...schema,
  };
}

/** The default in words: `30 s`, or `embedded: NodePort; elsewhere: ClusterIP`; `–` for none. */
export function describeDefault({ defaults, optional, fill }: Option<unknown>): string {
  const show = (value: unknown) => {
    if (typeof value === "object" && value !== null)
      return Object.keys(value).length === 0 ? undefined : "see below";
    return value === undefined && !optional && fill(undefined, true) === undefined ? "required" : value;
  };
  const [embedded, elsewhere] = [show(defaults.embedded), show(defaults.elsewhere)];
  if (embedded === elsewhere) return String(embedded ?? "–");
  return Object.entries({ embedded, elsewhere })
    .flatMap(([where, value]) => (value === undefined ? [] : [`${where}: ${value}`]))
    .join("; ");
}

function childrenOf(item: Option<unknown>, path: string): Record<string, Option<unknown>> {
  return Object.fromEntries(Object.entries(item.children).map(([rest, child]) => [path + rest, child]));
}

function unknownKey(path: string, value: unknown, key: string, known: string[]) {
  const near = closest(key, known);
  const hint = near === undefined ? `known keys are ${known.join(", ")}` : `did you mean ${near}?`;
  return {
    path,
    value: typeof value === "object" ? undefined : value,
    rule: "is not a known key",
    fix: `${hint} (pulumi config rm --path '${path}')`,
  };
}

import { type Static, type TObject, type TSchema, Type, TypeGuard } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

/** How a variable is told about where something is wrong with it. */
interface Told {
  /** What the value must be, after "must". */
  rule: string;
  /** The value may hold a password and is not repeated. */
  secret?: boolean;
}

/** A whole number with its usual value and its range, both ends included. */
export function integer(usual: number, least: number, most: number) {
  return Type.Integer({
    default: usual,
    minimum: least,
    maximum: most,
    rule: `be a whole number from ${least} to ${most}`,
  });
}

/** One of several words; the first is the usual one. */
export function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return Type.Unsafe<Words[number]>(
    Type.String({ enum: [...words], default: words[0], rule: `be one of ${words.join(", ")}` }),
  );
}

/** A text; without a usual value it may be left out. */
export function text(options: { usual?: string; pattern?: string; secret?: boolean } & Partial<Told> = {}) {
  const { usual, rule = "be a text", pattern, secret } = options;
  const schema = Type.String({
    rule,
    secret,
    ...(pattern === undefined ? {} : { pattern }),
    ...(usual === undefined ? {} : { default: usual }),
  });
  return usual === undefined ? Type.Optional(schema) : schema;
}

/**
 * Reads the variables of a schema from an environment; an empty one counts as missing, and gets its default.
 *
 * @param problems gets a line for each variable that is wrong: name, value (unless it is secret), rule
 */
export function readEnvironment<Schema extends TObject>(
  schema: Schema,
  env: NodeJS.ProcessEnv,
  problems: string[],
): Static<Schema> {
  const values: Record<string, unknown> = {};
  for (const [name, of] of Object.entries(schema.properties)) {
    const given = env[name] || undefined;
    const value = given === undefined ? of.default : parsed(of, given);
    if (value === undefined && TypeGuard.IsOptional(of)) continue;
    values[name] = value;
    if (isRight(of, value)) continue;
    problems.push(`${name}: ${shown(of, given)} must ${of.rule}`);
    values[name] = of.default;
  }
  return values as Static<Schema>;
}

function parsed(schema: TSchema, given: string): unknown {
  return schema.type === "integer" && /^\d+$/.test(given) ? Number(given) : given;
}

function isRight(schema: TSchema, value: unknown): boolean {
  return Value.Check(schema, value) && (schema.enum === undefined || schema.enum.includes(value));
}

function shown(schema: TSchema, given: string | undefined): string {
  if (given === undefined) return "nothing is set; it";
  return schema.secret ? "what is set" : `"${given}"`;
}

import { type Value, valueAt } from "../../protocol/values.ts";
import type { Manifest } from "../manifest.ts";
import { type AwaitRule, ready, waiting } from "./verdict.ts";
import { conditionOf } from "./workloads.ts";

type Holds = (object: Manifest) => boolean;

/**
 * Reads the annotation `pulumi.com/waitFor`: `condition=Ready`, `condition=Ready=False`, `jsonpath={.status.phase}`,
 * `jsonpath={.status.phase}=Running`, or a JSON array of these, all of which have to hold.
 *
 * @throws {Error} for anything else.
 */
export function parseWaitFor(annotation: string): AwaitRule {
  const terms = annotation.trim().startsWith("[") ? parseArray(annotation) : [annotation];
  const holds = terms.map((term) => ({ term, holds: parseTerm(term) }));
  return {
    judge(object) {
      const missing = holds.find((each) => !each.holds(object));
      return missing ? waiting(`Waiting for ${missing.term}`) : ready;
    },
  };
}

function parseArray(annotation: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(annotation);
  } catch {
    throw notUnderstood(annotation);
  }
  if (!Array.isArray(parsed) || parsed.length === 0) throw notUnderstood(annotation);
  return parsed.map(String);
}

function parseTerm(term: string): Holds {
  const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(term);
  if (condition) {
    const [, type = "", status = "True"] = condition;
    return (object) => conditionOf(object, type)?.status.toLowerCase() === status.toLowerCase();
  }
  const jsonpath = /^jsonpath=\{((?:\.[\w-]+|\[\d+\])+)\}(?:=(.*))?$/.exec(term);
  if (!jsonpath) throw notUnderstood(term);
  const [, written = "", wanted] = jsonpath;
  const path = [...written.matchAll(/\.([\w-]+)|\[(\d+)\]/g)].map(([, key, index]) => key ?? Number(index));
  return (object) => {
    const value: Value | undefined = valueAt(object, path);
    return value !== undefined && (wanted === undefined || String(value) === wanted);
  };
}

const notUnderstood = (term: string): Error =>
  new Error(
    `annotation pulumi.com/waitFor: "${term}" is not understood; write condition=<Type>[=<status>] or ` +
      "jsonpath={.path.to.field}[=<value>], or a JSON array of them",
  );

import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument } from "yaml";
import { ConfigError, joinPath, type Problem } from "./problem.ts";
import { sections } from "./stack-config.ts";

/** Paths of the options whose values are texts with any spelling. */
const textMaps: readonly string[][] = [
  ["api", "env"],
  ...Object.entries(sections)
    .filter(([, { children }]) => ".pod" in children)
    .flatMap(([name]) => ["labels", "annotations", "nodeSelector"].map((map) => [name, "pod", map])),
];

/** Numbers of YAML 1.1 and 1.2 once their underscores are removed. */
const number = /^[-+]?(0[xXbBoO][\da-fA-F]+|(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?|\.(inf|Inf|INF|nan|NaN|NAN))$/;
const truthValue = /^(true|True|TRUE|false|False|FALSE)$/;
const date = /^\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?$/;

/**
 * Finds values that YAML or JSON reads as a number, a truth value or a date, and that are not spelled as JavaScript
 * spells the result: `0x10`, `+49301234`, `1.0`, `1234567890123456789`. The program would get another text than the
 * file has (docs/decisions.md#spelling-of-values). The problems never show a value, since it may be a secret.
 *
 * @param stackFile text of `Pulumi.<stack>.yaml`, or JSON of the same form.
 * @param project name of the Pulumi project, which precedes the names of the sections.
 */
export function spellingProblems(stackFile: string, project: string): Problem[] {
  const document = parseDocument(stackFile);
  return textMaps.flatMap(([section = "", ...rest]) => {
    // Pulumi adds the project's name to a section without it.
    const names = [["config"], [section, `${project}:${section}`], ...rest.map((name) => [name])];
    return names
      .reduce(
        (pairs, accepted) =>
          pairs
            .filter(({ key }) => isScalar(key) && accepted.includes(String(key.value)))
            .flatMap(({ value }) => pairsOf(value, document)),
        pairsOf(document.contents, document),
      )
      .filter(({ value }) => changesSpelling(resolve(value, document)))
      .map(({ key }) => ({
        path: joinPath([section, ...rest].join("."), String(isScalar(key) ? key.source : key)),
        value: undefined,
        rule: "must be in quotes, since its spelling changes when it is read as a number, a date, or true or false",
        fix: "put it in quotes in the stack's file",
      }));
  });
}

/**
 * Refuses a stack's file with such values, before Pulumi reads it and writes it again with other spellings.
 *
 * @throws {ConfigError} when there is any.
 */
export function requireExactSpelling(stackFile: string, project: string): void {
  const problems = spellingProblems(stackFile, project);
  if (problems.length > 0) throw new ConfigError(problems);
}

/** Keys and values of a map, those of its merge keys (`<<`) included. */
function pairsOf(node: unknown, document: Document): Pair[] {
  const found = resolve(node, document);
  if (isSeq(found)) return found.items.flatMap((item) => pairsOf(item, document));
  if (!isMap(found)) return [];
  return found.items.flatMap((pair) =>
    isScalar(pair.key) && pair.key.source === "<<" ? pairsOf(pair.value, document) : [pair],
  );
}

function resolve(node: unknown, document: Document): Node | undefined {
  return isAlias(node) ? node.resolve(document) : (node as Node | undefined);
}

function changesSpelling(node: unknown): boolean {
  if (!isScalar(node) || node.tag === "tag:yaml.org,2002:str") return false;
  if (node.tag !== undefined) return true;
  if (node.type !== "PLAIN" || node.source === undefined) return false;
  const { source } = node;
  const plain = source.replaceAll("_", "");
  if (number.test(plain)) return String(Number(source)) !== source;
  return date.test(source) || (truthValue.test(source) && source !== source.toLowerCase());
}

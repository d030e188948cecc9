import { gateMetrics } from "../../contract/gate-metrics.ts";
import { type StackVariable, stackVariables } from "../api-environment.ts";
import { describeDefault, section } from "../options/collections.ts";
import type { Option } from "../options/option.ts";
import { defaultGates, limitUnits } from "../sections/gates.ts";
import { defaultScenarios } from "../sections/loadtest.ts";
import { podOptions } from "../sections/pod.ts";
import { sections } from "../stack-config.ts";

/** Tables of docs/configuration.md, by the name in their marker. */
const tables: Readonly<Record<string, () => string>> = {
  sections: sectionTables,
  pod: () => optionTable("<workload>.pod", section("", podOptions)),
  environment: environmentTable,
  scenarios: scenarioTable,
  gates: gateTable,
};

/**
 * Replaces the tables between `<!-- table: NAME -->` and `<!-- end -->` by those of the options. The rest of the text
 * is written by hand.
 *
 * @throws {Error} when a marker has an unknown name, or a table has no marker.
 */
export function updateTables(markdown: string): string {
  const found = new Set<string>();
  const updated = markdown.replace(/<!-- table: (\w+) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const table = tables[name];
    if (table === undefined) throw new Error(`there is no table ${name}`);
    found.add(name);
    return `<!-- table: ${name} -->\n\n${table()}\n\n<!-- end -->`;
  });
  const missing = Object.keys(tables).filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`no marker for the tables ${missing.join(", ")}`);
  return updated;
}

/** Every option in `item` with its path, those in maps and lists included. */
export function optionsIn(item: Option<unknown>, path: string): [string, Option<unknown>][] {
  return Object.entries(item.children).flatMap(([rest, child]) => [
    [path + rest, child] as [string, Option<unknown>],
    ...(child.schema.$ref === undefined ? optionsIn(child, path + rest) : []),
  ]);
}

function sectionTables(): string {
  return Object.entries(sections)
    .map(([name, item]) => `## ${name}\n\n${item.doc}\n\n${optionTable(name, item)}`)
    .join("\n\n");
}

function optionTable(name: string, item: Option<unknown>): string {
  const rows = optionsIn(item, name).map(([path, option]) => [
    `\`${path}\``,
    describeDefault(option),
    option.bounds,
    option.doc,
  ]);
  return table(["path", "default", "allowed", "what it does"], rows);
}

function environmentTable(): string {
  const rows = Object.entries<StackVariable>(stackVariables).map(([name, { setBy }]) => [
    `\`${name}\``,
    setBy === undefined ? "the stack itself" : `\`${setBy}\``,
  ]);
  return table(["variable", "set by"], rows);
}

function scenarioTable(): string {
  const rows = Object.entries(defaultScenarios).map(([name, { about, mix }]) => [
    `\`${name}\``,
    Object.entries(mix)
      .map(([kind, weight]) => `${kind} ${weight}`)
      .join(", "),
    about,
  ]);
  return table(["scenario", "mix", "what it does"], rows);
}

function gateTable(): string {
  const rows = Object.entries(gateMetrics).map(([name, { unit, rule, scope, doc }]) => [
    `\`${name}\``,
    scope,
    `${rule} ${limitUnits[unit].rule}`,
    defaultGates
      .filter(({ metric }) => metric === name)
      .map(({ limit, scenario }) => (scenario === undefined ? String(limit) : `${scenario}: ${limit}`))
      .join("; ") || "–",
    doc,
  ]);
  return table(["metric", "of each", "limit", "default", "what it measures"], rows);
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [head, head.map(() => "---"), ...rows].map(line).join("\n");
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { encryptedArgs } from "./encrypted-args.ts";
import { ConfigError, type Problem } from "./problem.ts";
import { spellingProblems } from "./spelling.ts";
import { type StackConfig, sections } from "./stack-config.ts";
import { validate } from "./validate.ts";

/**
 * Reads and checks the config of the running stack. No other function reads Pulumi's config.
 *
 * @param projectRoot folder of the stack's file, which shows how values are spelled. Pulumi passes on parsed values.
 * @throws {pulumi.RunError} with all problems; the engine shows it without a stack trace.
 */
export function loadConfig(projectRoot = join(import.meta.dirname, "..")): StackConfig {
  const project = pulumi.getProject();
  const raw = new Map<string, unknown>();
  const found = new Map<string, Problem>();
  const check = (stackFile: string) => {
    for (const problem of spellingProblems(stackFile, project)) found.set(problem.path, problem);
  };
  for (const [name, text] of Object.entries(pulumi.runtime.allConfig())) {
    const value = parse(text);
    if (!name.startsWith(`${project}:`)) {
      const problem = otherProjectProblem(name, value, project);
      if (problem) found.set(problem.path, problem);
      continue;
    }
    raw.set(name.slice(project.length + 1), value);
    if (typeof value === "object") check(`{"config":{${JSON.stringify(name)}:${text}}}`);
  }
  const stackFile = join(projectRoot, `Pulumi.${pulumi.getStack()}.yaml`);
  if (existsSync(stackFile)) {
    const text = readFileSync(stackFile, "utf8");
    check(text);
    for (const problem of encryptedArgs(text, project)) found.set(problem.path, problem);
  }
  try {
    return validate(Object.fromEntries(raw), [...found.values()]);
  } catch (error) {
    if (error instanceof ConfigError) throw new pulumi.RunError(error.message);
    throw error;
  }
}

/** A section under another project's name, as after a rename. It would be ignored, and the defaults deployed. */
function otherProjectProblem(name: string, value: unknown, project: string): Problem | undefined {
  const [owner, section = ""] = name.split(":");
  if (!Object.hasOwn(sections, section) || typeof value !== "object") return undefined;
  return {
    path: name,
    value: undefined,
    rule: `belongs to the project "${owner}", and this is "${project}"`,
    fix: `rename the key to ${project}:${section} in the stack's file`,
  };
}

/** Parses an object, which the engine passes as JSON. Every other value is a text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

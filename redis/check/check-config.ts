import { readFileSync } from "node:fs";
import { readNodes, usernameOf, wholeNumberOf } from "../program-config.ts";
import type { CheckSettings } from "./run-check.ts";

/**
 * Reads the environment of a check: REDIS_NODES, REDIS_USERNAME and REDIS_PASSWORD as the API has them; REDIS_PASSWORD_FILE, a file
 * with a newer password, which may be missing; CHECK_SECONDS, CHECK_RATE, CHECK_KEYS; and the ballast: CHECK_BALLAST_KEYS,
 * CHECK_BALLAST_MIB and CHECK_BALLAST_FIELDS, which may be missing.
 *
 * @throws {Error} with all problems, one on each line, when a variable is wrong.
 */
export function readCheckConfig(env: NodeJS.ProcessEnv): Omit<CheckSettings, "signal" | "print"> {
  const problems: string[] = [];
  const integer = (name: string, min: number, max: number) => wholeNumberOf(env, name, min, max, problems);
  const ballastOf = (name: string, max: number) => (env[name] ? integer(name, 0, max) : 0);
  const nodes = readNodes(env, "REDIS_NODES", problems);
  if (nodes.length === 0 && problems.length === 0) problems.push("REDIS_NODES: it must name a node");
  const settings = {
    nodes: nodes.map(({ host, port }) => `${host}:${port}`),
    username: usernameOf(env),
    passwords: () => passwordsOf(env),
    durationMs: 1000 * integer("CHECK_SECONDS", 1, 86_400),
    rate: integer("CHECK_RATE", 1, 10_000),
    keys: integer("CHECK_KEYS", 1, 1_000_000),
  };
  const ballast = {
    keys: ballastOf("CHECK_BALLAST_KEYS", 10_000_000),
    largeMiB: ballastOf("CHECK_BALLAST_MIB", 400),
    fields: ballastOf("CHECK_BALLAST_FIELDS", 10_000_000),
  };
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const hasBallast = ballast.keys + ballast.largeMiB + ballast.fields > 0;
  return { ...settings, ballast: hasBallast ? ballast : undefined };
}

/** The password of the file, which follows a rotation, and the one of the start. */
function passwordsOf(env: NodeJS.ProcessEnv): string[] {
  const known = [readPassword(env.REDIS_PASSWORD_FILE), env.REDIS_PASSWORD];
  const found = [...new Set(known.filter((password) => password !== undefined && password !== ""))];
  return found as string[];
}

function readPassword(file: string | undefined): string | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

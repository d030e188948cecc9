import { UserError } from "../../contract/user-error.ts";
import { tryCommand } from "../../host/run-command.ts";

/** What a scanner finds wrong with an object. */
export interface ScanFinding {
  scanner: "kubeconform" | "kube-score" | "kubesec";
  /** The scanner's name of the check. */
  check: string;
  /** Kind and name, as `Deployment/api`. */
  object: string;
  /** What is wrong, in the scanner's words. */
  detail: string;
}

interface ConformResult {
  resources: { kind: string; name: string; status: string; msg: string }[];
}
interface ScoredObject {
  type_meta: { kind: string };
  object_meta: { name: string };
  checks: {
    check: { id: string };
    grade: number;
    skipped: boolean;
    comments: { path: string; summary: string }[] | null;
  }[];
}
interface SecuredObject {
  object: string;
  valid: boolean;
  message: string;
  scoring: { critical?: { id: string; reason: string }[] };
}

/** Grades of kube-score from this one on are "ok". */
const okGrade = 10;

/** Fields and values that the API server does not know. @param schemas folder of writeSchemas */
export async function conform(command: string, file: string, schemas: string): Promise<ScanFinding[]> {
  const args = ["-strict", "-output", "json", "-schema-location", filesIn(schemas), file];
  const { resources } = parsed<ConformResult>(command, await tryCommand(command, args));
  return (resources ?? [])
    .filter(({ status }) => !["statusValid", "statusSkipped"].includes(status))
    .map(({ kind, name, status, msg }) => ({
      scanner: "kubeconform",
      check: status,
      object: `${kind}/${name}`,
      detail: msg,
    }));
}

/** Warnings and critical findings of kube-score, whose optional checks are on as well. */
export async function score(command: string, file: string): Promise<ScanFinding[]> {
  const objects = parsed<ScoredObject[]>(
    command,
    await tryCommand(command, ["score", "--output-format", "json", file]),
  );
  return objects.flatMap(({ type_meta, object_meta, checks }) =>
    (checks ?? [])
      .filter(({ grade, skipped }) => !skipped && grade < okGrade)
      .map(({ check, comments }) => ({
        scanner: "kube-score" as const,
        check: check.id,
        object: `${type_meta.kind}/${object_meta.name}`,
        detail: [
          ...new Set((comments ?? []).map(({ path, summary }) => [path, summary].filter(Boolean).join(": "))),
        ].join("; "),
      })),
  );
}

/** Critical findings of kubesec, and objects that it finds invalid. @param schemas folder of writeSchemas */
export async function secure(command: string, file: string, schemas: string): Promise<ScanFinding[]> {
  const args = ["scan", "--schema-location", filesIn(schemas), file];
  const objects = parsed<SecuredObject[]>(command, await tryCommand(command, args));
  return objects.flatMap(({ object, valid, message, scoring }) => {
    // Kind, name and namespace, as `Deployment/api.shop`.
    const found = { scanner: "kubesec" as const, object: object.replace(/\..*/, "") };
    if (!valid) return [{ ...found, check: "invalid", detail: message }];
    return (scoring.critical ?? []).map(({ id, reason }) => ({ ...found, check: id, detail: reason }));
  });
}

const filesIn = (schemas: string): string => `${schemas}/{{ .ResourceKind }}{{ .KindSuffix }}.json`;

function parsed<T>(command: string, run: { stdout: string; stderr: string }): T {
  try {
    return JSON.parse(run.stdout) as T;
  } catch {
    const lines = `${run.stdout}\n${run.stderr}`.trim().split("\n").slice(-5).join("\n");
    throw new UserError(`${command.split("/").at(-1)} failed:\n${lines}`, "read its output");
  }
}

import type { CallContext } from "../../protocol/resource-provider.ts";
import type { ApiClient } from "../api-client.ts";
import { type Manifest, metadataOf } from "../manifest.ts";
import { watchObjects } from "../object-watch.ts";
import type { ResourceType } from "../resource-type.ts";
import { currentProblems, diagnose } from "./diagnosis.ts";
import type { AwaitRule, Verdict } from "./verdict.ts";

const warnEveryMs = 10_000;

/** The object was stored but is not ready, for these reasons. */
export class NotReadyError extends Error {
  readonly object: Manifest;
  readonly reasons: readonly string[];

  constructor(object: Manifest, reasons: readonly string[]) {
    super(reasons[0]);
    this.name = "NotReadyError";
    this.object = object;
    this.reasons = reasons;
  }
}

/**
 * Watches `live` until `rule` finds it ready, showing progress and its pods' problems beside the resource.
 *
 * @returns the object as it was then.
 * @throws {NotReadyError} when it failed, is gone, the time is over or the deployment was cancelled.
 */
export async function waitUntilReady(
  api: ApiClient,
  type: ResourceType,
  live: Manifest,
  rule: AwaitRule,
  timeoutSeconds: number,
  context: CallContext,
): Promise<Manifest> {
  const { namespace, name = "" } = metadataOf(live);
  const labels = rule.podLabels?.(live);
  const stop = new AbortController();
  let object = live;
  let related: readonly Manifest[] | undefined;
  let shown = "";
  let warned = "";

  const outcome = new Promise<Verdict>((resolve, reject) => {
    let settled: NodeJS.Timeout | undefined;
    const judge = (): void => {
      clearTimeout(settled);
      if (related === undefined) return;
      const verdict = rule.judge(object, related);
      const settleMs = rule.settleMs?.(object) ?? 0;
      if (verdict.state !== "waiting" && (settleMs === 0 || verdict.state === "failed")) resolve(verdict);
      else if (verdict.state === "ready") settled = setTimeout(() => resolve(verdict), settleMs);
      else if (verdict.state === "waiting" && verdict.message !== shown) {
        shown = verdict.message;
        context.log("info", shown, { ephemeral: true });
      }
    };
    const relatedTo = rule.related?.(live);
    if (!relatedTo) related = [];
    const follow = async (): Promise<void> => {
      const own = watchObjects(
        api,
        await api.pathOf(type, namespace),
        { fieldSelector: `metadata.name=${name}` },
        stop.signal,
        ([found]) => {
          if (!found) {
            resolve({ state: "failed", reasons: [`'${name}' was deleted while waiting for it`] });
            return;
          }
          object = found;
          judge();
        },
      );
      if (!relatedTo) return await own;
      const path = await api.pathOf(relatedTo, namespace);
      const others = watchObjects(api, path, relatedTo.query, stop.signal, (found) => {
        related = found;
        judge();
      });
      await Promise.all([own, others]);
    };
    stop.signal.addEventListener("abort", () => clearTimeout(settled));
    follow().catch(reject);
  });

  const warn = async (): Promise<void> => {
    const problems = (await currentProblems(api, object, labels)).join("\n");
    if (problems === "" || problems === warned || stop.signal.aborted) return;
    warned = problems;
    context.log("warning", problems);
  };
  const warnTimer = setInterval(() => void warn(), warnEveryMs);
  let deadline: NodeJS.Timeout | undefined;
  const abandoned = new Promise<"timed out" | "cancelled">((resolve) => {
    deadline = setTimeout(() => resolve("timed out"), timeoutSeconds * 1000);
    context.signal.addEventListener("abort", () => resolve("cancelled"), { signal: stop.signal });
    if (context.signal.aborted) resolve("cancelled");
  });

  try {
    const result = await Promise.race([outcome, abandoned]);
    if (typeof result === "object") {
      if (result.state === "ready") return object;
      const reasons = result.state === "failed" ? result.reasons : [];
      throw new NotReadyError(object, [...reasons, ...(await diagnose(api, object, labels))]);
    }
    if (result === "cancelled") throw new NotReadyError(object, [`waiting for '${name}' was cancelled`]);
    const summary = `'${name}' timed out waiting to be Ready`;
    const last = shown === "" ? [] : [shown];
    throw new NotReadyError(object, [summary, ...last, ...(await diagnose(api, object, labels))]);
  } finally {
    clearInterval(warnTimer);
    clearTimeout(deadline);
    stop.abort();
  }
}

/** Looks once, without waiting: the reasons why `live` is not ready, or empty. */
export async function reasonsNotReady(
  api: ApiClient,
  live: Manifest,
  rule: AwaitRule,
): Promise<readonly string[]> {
  const relatedTo = rule.related?.(live);
  const path = relatedTo ? await api.pathOf(relatedTo, metadataOf(live).namespace) : "";
  const related = relatedTo ? (await api.get<{ items: Manifest[] }>(path, relatedTo.query)).items : [];
  const verdict = rule.judge(live, related);
  if (verdict.state === "ready") return [];
  const reasons = verdict.state === "failed" ? verdict.reasons : [verdict.message];
  return [...reasons, ...(await diagnose(api, live, rule.podLabels?.(live)))];
}

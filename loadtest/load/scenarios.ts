import type { LoadTestSettings, RequestConfig } from "../../contract/outputs.ts";
import { needsOf, stepsOf } from "../../contract/request-steps.ts";
import { weightedPick, zipf } from "../../measure/random.ts";
import { wrongUsage } from "../errors.ts";
import { exampleRequest } from "./example-requests.ts";
import { type CompiledRequest, compileRequest } from "./own-requests.ts";
import type { PlannedRequest, RequestOfKind } from "./planned-request.ts";
import type { ValueContext } from "./request-values.ts";
import type { Session } from "./session.ts";
import { type UserShare, UserVersions, type UserWrite, userBody, userId, versionIn } from "./users.ts";

/** A mix of requests and its load. Settings that are absent come from the run. */
export interface Scenario {
  name: string;
  about: string;
  /** Weights, any positive numbers. */
  mix: { kind: string; weight: number }[];
  /** The kinds of the mix and of the steps that stack config defines, by name. */
  requests?: Record<string, RequestConfig>;
  /** Names of the requests that each connection sends before its first one of the mix, in their order. */
  steps?: string[];
  /** Whether each connection keeps the cookies of responses. */
  cookies?: boolean;
  connections?: number;
  /** Requests per second; absent: a closed model. */
  rate?: number;
  durationSeconds?: number;
  warmupSeconds?: number;
}

/** Skew of the read keys; 1 is the usual popularity curve of web caches. */
const zipfExponent = 1;

/** The scenarios of stack config. */
export type DefinedScenarios = LoadTestSettings["scenarios"];

/**
 * The scenarios of a run: the named ones, else all that are enabled.
 *
 * @param requests the kinds of requests that stack config defines
 * @throws {UserError} with exit code 2 when a name is unknown.
 */
export function chooseScenarios(
  defined: DefinedScenarios,
  names: readonly string[],
  requests: Record<string, RequestConfig> = {},
): Scenario[] {
  const chosen =
    names.length === 0
      ? defined.filter(({ enabled }) => enabled)
      : names.map((wanted) => {
          const found = defined.find(({ name }) => name === wanted);
          if (found) return found;
          const known = defined.map(({ name }) => name).join(", ");
          throw wrongUsage(`--scenario ${wanted}: there is ${known}`);
        });
  if (chosen.length === 0)
    throw wrongUsage(
      "the stack has no scenario that is enabled; define requests of your API and a scenario: docs/loadtest.md#requests-of-your-own",
    );
  const needs = needsOf(requests);
  return chosen.map(({ about, mix, before = [], cookies = false, enabled: _, ...settings }) => {
    const parts = Object.entries(mix)
      .filter(([, weight]) => weight > 0)
      .map(([kind, weight]) => ({ kind, weight }));
    const kinds = parts.map(({ kind }) => kind);
    const steps = stepsOf(before, kinds, needs);
    const own = Object.entries(requests).filter(([name]) => kinds.includes(name) || steps.includes(name));
    return {
      ...settings,
      about: about ?? describeMix(parts),
      mix: parts,
      ...(own.length > 0 && { requests: Object.fromEntries(own) }),
      ...(steps.length > 0 && { steps }),
      ...(cookies && { cookies }),
    };
  });
}

/** Whether the connections of a scenario keep what they need later: cookies, or values of responses. */
export function hasSessions({ steps = [], cookies = false, requests = {} }: Scenario): boolean {
  return (
    steps.length > 0 ||
    cookies ||
    Object.values(requests).some(({ keep = {} }) => Object.keys(keep).length > 0)
  );
}

function describeMix(mix: Scenario["mix"]): string {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0);
  return mix.map(({ kind, weight }) => `${Number(((100 * weight) / total).toFixed(1))} % ${kind}`).join(", ");
}

/** Whether a scenario reads or writes users. */
export function usesUsers({ mix }: Scenario): boolean {
  return mix.some(({ kind }) => kind === "read" || kind === "write");
}

/** What the requests of a thread are made of. */
export type SourceContext = UserShare & ValueContext;

/**
 * The endless sequence of a scenario's requests; the same random numbers make the same sequence.
 *
 * @param context with the users that are read and written
 * @param idPrefix prefix of the request IDs
 * @returns makes the next request, for the session of the connection that sends it
 */
export function requestSource(
  scenario: Scenario,
  context: SourceContext,
  idPrefix = "load",
): (session?: Session) => PlannedRequest {
  let sent = 0;
  const next = requestOfKind(scenario, context);
  return (session) => ({ ...next(session), id: `${idPrefix}-${sent++}` });
}

/** The requests that each session sends before its first one of the mix, in their order, and again when it begins again. @param idPrefix of the request IDs */
export function stepSources(
  { steps = [], requests = {} }: Scenario,
  context: ValueContext,
  idPrefix = "load",
): ((session: Session) => PlannedRequest)[] {
  return steps.flatMap((name) => {
    const config = requests[name];
    if (config === undefined) return [];
    const next = compileRequest(name, config, context);
    let sent = 0;
    return (session: Session) => ({
      ...session.firstRequest(name, () => next(session)),
      id: `${idPrefix}-${name}-${sent++}`,
    });
  });
}

function requestOfKind(scenario: Scenario, context: SourceContext): CompiledRequest {
  const { random } = context;
  const pickKind = weightedPick(
    scenario.mix.map((part) => [part.kind, part.weight]),
    random,
  );
  const pickRank = zipf(context.users, zipfExponent, random);
  const versions = new UserVersions(context);
  const compiled = new Map(
    scenario.mix.flatMap(({ kind }) => {
      const config = scenario.requests?.[kind] ?? exampleRequest(kind);
      return config === undefined ? [] : [[kind, compileRequest(kind, config, context)]];
    }),
  );
  return (session) => {
    const kind = pickKind();
    const request = compiled.get(kind);
    if (request !== undefined) return request(session);
    return kind === "read" ? readOf(userId(pickRank()), versions) : writeOf(versions.write(pickRank()));
  };
}

function readOf(id: number, versions: UserVersions): RequestOfKind {
  const floor = versions.floor(id, performance.now());
  const verify = (body: string) => (versionIn(body, id) ?? Number.NEGATIVE_INFINITY) >= floor;
  return { kind: "read", method: "GET", path: `/api/users/${id}`, verify };
}

function writeOf({ id, version, settle }: UserWrite): RequestOfKind {
  return {
    kind: "write",
    method: "PUT",
    path: `/api/users/${id}`,
    body: userBody(id, version),
    verify: (body) => versionIn(body, id) === version,
    settle: (isGood) => settle(isGood, performance.now()),
  };
}

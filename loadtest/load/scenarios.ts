import { createHash } from "node:crypto";
import type { LoadTestSettings, RequestConfig } from "../../contract/outputs.ts";
import { type Random, seededRandom, weightedPick, zipf } from "../../measure/random.ts";
import { wrongUsage } from "../errors.ts";
import { compileRequest } from "./own-requests.ts";
import type { PlannedRequest, RequestOfKind } from "./planned-request.ts";
import { type UserShare, UserVersions, type UserWrite, userBody, userId, versionIn } from "./users.ts";

/** A mix of requests and its load. Settings that are absent come from the run. */
export interface Scenario {
  name: string;
  about: string;
  /** Weights, any positive numbers. */
  mix: { kind: string; weight: number }[];
  /** The kinds of the mix that stack config defines, by name. */
  requests?: Record<string, RequestConfig>;
  connections?: number;
  /** Requests per second; absent: a closed model. */
  rate?: number;
  durationSeconds?: number;
  warmupSeconds?: number;
}

/** Input of the CPU-heavy route: about ten milliseconds of one core. */
const heavyN = 27;
const heavyResult = '"fibonacci":196418';
const uploadBytes = 256 * 1024;
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
  return chosen.map(({ about, mix, enabled: _, ...settings }) => {
    const parts = Object.entries(mix)
      .filter(([, weight]) => weight > 0)
      .map(([kind, weight]) => ({ kind, weight }));
    const own = Object.entries(requests).filter(([name]) => parts.some(({ kind }) => kind === name));
    return {
      ...settings,
      about: about ?? describeMix(parts),
      mix: parts,
      ...(own.length > 0 && { requests: Object.fromEntries(own) }),
    };
  });
}

function describeMix(mix: Scenario["mix"]): string {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0);
  return mix.map(({ kind, weight }) => `${Number(((100 * weight) / total).toFixed(1))} % ${kind}`).join(", ");
}

/** Whether a scenario reads or writes users. */
export function usesUsers({ mix }: Scenario): boolean {
  return mix.some(({ kind }) => kind === "read" || kind === "write");
}

const light: RequestOfKind = {
  kind: "light",
  method: "GET",
  path: "/api/light",
  verify: (body) => body.includes('"ok":true'),
};
const heavy: RequestOfKind = {
  kind: "heavy",
  method: "GET",
  path: `/api/heavy-task?n=${heavyN}`,
  verify: (body) => body.includes(heavyResult),
};

/** Uploads a file of random letters, the same in every run. The response must contain its hash. */
function uploadRequest(): RequestOfKind {
  const random = seededRandom(uploadBytes);
  const letters = Array.from({ length: uploadBytes }, () =>
    String.fromCharCode(97 + Math.floor(random() * 26)),
  );
  const content = letters.join("");
  const hash = createHash("sha256").update(content).digest("hex");
  const boundary = "breakwater-load";
  const head = 'Content-Disposition: form-data; name="file"; filename="load.txt"\r\nContent-Type: text/plain';
  return {
    kind: "upload",
    method: "POST",
    path: "/api/upload",
    body: `--${boundary}\r\n${head}\r\n\r\n${content}\r\n--${boundary}--\r\n`,
    contentType: `multipart/form-data; boundary=${boundary}`,
    verify: (body) => body.includes(hash),
  };
}

/**
 * The endless sequence of a scenario's requests; the same random numbers make the same sequence.
 *
 * @param share the users that are read and written
 * @param idPrefix prefix of the request IDs
 */
export function requestSource(
  scenario: Scenario,
  share: UserShare,
  random: Random,
  idPrefix = "load",
): () => PlannedRequest {
  let sent = 0;
  const next = requestOfKind(scenario, share, random);
  return () => ({ ...next(), id: `${idPrefix}-${sent++}` });
}

function requestOfKind(scenario: Scenario, share: UserShare, random: Random): () => RequestOfKind {
  const pickKind = weightedPick(
    scenario.mix.map((part) => [part.kind, part.weight]),
    random,
  );
  const pickRank = zipf(share.users, zipfExponent, random);
  const versions = new UserVersions(share);
  const upload = scenario.mix.some((part) => part.kind === "upload") ? uploadRequest() : undefined;
  const own = new Map(
    Object.entries(scenario.requests ?? {}).map(([kind, config]) => [
      kind,
      compileRequest(kind, config, random),
    ]),
  );
  return () => {
    const kind = pickKind();
    const ownRequest = own.get(kind);
    if (ownRequest !== undefined) return ownRequest();
    if (kind === "light") return light;
    if (kind === "heavy") return heavy;
    if (upload && kind === "upload") return upload;
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

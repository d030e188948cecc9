import { createHash } from "node:crypto";
import type { LoadTestSettings, RequestKind } from "../../contract/outputs.ts";
import { type Random, seededRandom, weightedPick, zipf } from "../../measure/random.ts";
import { wrongUsage } from "../errors.ts";
import { type UserShare, UserVersions, type UserWrite, userBody, userId, versionIn } from "./users.ts";

/** A mix of requests and its load. Settings that are absent come from the run. */
export interface Scenario {
  name: string;
  about: string;
  /** Weights, any positive numbers. */
  mix: { kind: RequestKind; weight: number }[];
  connections?: number;
  /** Requests per second; absent: a closed model. */
  rate?: number;
  durationSeconds?: number;
  warmupSeconds?: number;
}

/** One request to send, and the check of its response. */
export interface PlannedRequest {
  /** Sent as X-Request-ID. A response with that header must have the same ID. */
  id: string;
  kind: RequestKind;
  method: "GET" | "PUT" | "POST";
  path: string;
  body?: string;
  /** Content type of the body; default: JSON. */
  contentType?: string;
  /** Whether the body of a 2xx response is right. */
  verify: (body: string) => boolean;
  /** Called once with the outcome: whether the right response came. */
  settle?: (isGood: boolean) => void;
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
 * @throws {UserError} with exit code 2 when a name is unknown.
 */
export function chooseScenarios(defined: DefinedScenarios, names: readonly string[]): Scenario[] {
  const chosen =
    names.length === 0
      ? defined.filter(({ enabled }) => enabled)
      : names.map((wanted) => {
          const found = defined.find(({ name }) => name === wanted);
          if (found) return found;
          const known = defined.map(({ name }) => name).join(", ");
          throw wrongUsage(`--scenario ${wanted}: there is ${known}`);
        });
  return chosen.map(({ about, mix, enabled: _, ...settings }) => {
    const parts = (Object.entries(mix) as [RequestKind, number][])
      .filter(([, weight]) => weight > 0)
      .map(([kind, weight]) => ({ kind, weight }));
    return { ...settings, about: about ?? describeMix(parts), mix: parts };
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

type RequestOfKind = Omit<PlannedRequest, "id">;

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
  return () => {
    const kind = pickKind();
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

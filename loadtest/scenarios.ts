import { type Random, weightedPick, zipf } from "../measure/random.ts";

/** What one request does, in the words of the stack's API. */
export type RequestKind = "light" | "read" | "write" | "heavy";

export interface Scenario {
  name: string;
  about: string;
  /** Shares of the requests, any positive numbers. */
  mix: { kind: RequestKind; weight: number }[];
}

/** One request to send, and what its answer has to look like. */
export interface PlannedRequest {
  kind: RequestKind;
  method: "GET" | "PUT";
  path: string;
  body?: string;
  /** True when a 2xx answer's body is the one that was asked for. */
  verify: (body: string) => boolean;
}

/** Input of the CPU-heavy route: some ten milliseconds of one core. */
const heavyN = 27;
/** Skew of the keys that are read: 1 is the classic web-cache popularity curve. */
const zipfExponent = 1;

export const scenarios: readonly Scenario[] = [
  {
    name: "light",
    about: "GET /api/light: the stack's own overhead",
    mix: [{ kind: "light", weight: 1 }],
  },
  {
    name: "cached-read",
    about: "GET /api/users/:id, Zipf keys, through the cache",
    mix: [{ kind: "read", weight: 1 }],
  },
  {
    name: "mixed",
    about: "70 % light, 20 % cached reads, 9 % writes, 1 % CPU-heavy",
    mix: [
      { kind: "light", weight: 70 },
      { kind: "read", weight: 20 },
      { kind: "write", weight: 9 },
      { kind: "heavy", weight: 1 },
    ],
  },
];

export const scenarioNames: readonly string[] = scenarios.map((scenario) => scenario.name);

/** A user as seeded and as written by the mix, so that a read can be checked whatever wrote last. */
export function userBody(id: number): string {
  return JSON.stringify({ name: `User ${id}`, email: `user${id}@example.com` });
}

const light: PlannedRequest = {
  kind: "light",
  method: "GET",
  path: "/api/light",
  verify: (body) => body.includes('"ok":true'),
};
const heavy: PlannedRequest = {
  kind: "heavy",
  method: "GET",
  path: `/api/heavy-task?n=${heavyN}`,
  verify: (body) => body.startsWith("{"),
};

// A bigint column may come back as number or as string; both are the user that was asked for.
const isUser = (id: number) => (body: string) =>
  body.includes(`"id":${id},`) || body.includes(`"id":"${id}"`) || body.includes(`"id":${id}}`);

/**
 * The endless sequence of requests of a scenario, the same for the same `random`.
 *
 * @param users how many users were seeded: ids 1 … users
 */
export function requestSource(scenario: Scenario, users: number, random: Random): () => PlannedRequest {
  const pickKind = weightedPick(
    scenario.mix.map((part) => [part.kind, part.weight]),
    random,
  );
  const pickUser = zipf(users, zipfExponent, random);
  return () => {
    const kind = pickKind();
    if (kind === "light") return light;
    if (kind === "heavy") return heavy;
    const id = pickUser();
    const path = `/api/users/${id}`;
    if (kind === "read") return { kind, method: "GET", path, verify: isUser(id) };
    return { kind, method: "PUT", path, body: userBody(id), verify: () => true };
  };
}

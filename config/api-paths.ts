import { apiBase } from "../contract/api-prefix.ts";
import type { ContractConfig } from "./sections/api-contract.ts";

/** Paths that the gateway itself answers, and those below them. */
export const gatewayPaths = ["/healthz", "/.edge"] as const;

/** The API's paths, as clients of the gateway request them. */
export interface ApiPaths {
  /** What precedes the API's own paths: `/api`, which pods do not get, or nothing. */
  base: "/api" | "";
  /** Paths of uploads, the base included; with `/` at the end, all paths below. */
  uploads: readonly string[];
  /** The API's own paths, without the base, that clients cannot request, and none below them. */
  hidden: readonly string[];
  /** The API's own paths, without the base, of probes and metrics that clients can request, also below a hidden one. */
  public: readonly string[];
}

/** The API's paths by its contract. A probe at `/` hides nothing, since all paths are below it. */
export function apiPathsOf(contract: ContractConfig): ApiPaths {
  const { prefix, uploads, live, ready, metrics } = contract;
  const base = apiBase(prefix);
  const internal = [live, ready, metrics].filter((path) => path !== undefined);
  const hidden = internal.filter((path) => path !== "/" && !contract.public.includes(path));
  return {
    base,
    uploads: uploads.map((path) => `${base}${path}`),
    hidden: [...new Set(hidden)],
    public: contract.public,
  };
}

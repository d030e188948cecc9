import type { ApiPrefix } from "../contract/api-prefix.ts";
import type { LoadTestConfig } from "./sections/loadtest.ts";
import { exampleRequests } from "./sections/loadtest-requests.ts";
import type { StackConfig } from "./stack-config.ts";

/** The load test of a stack. */
export interface StackLoad extends LoadTestConfig {
  /** Prefix of the API's paths at the gateway. */
  apiPrefix: ApiPrefix;
}

/**
 * The load test of a stack. An API of one's own has no routes of the kit's example, so the scenarios that send such requests go, and
 * the gates on them.
 */
export function loadOf({ api, loadtest }: Pick<StackConfig, "api" | "loadtest">): StackLoad {
  const { live, prefix: apiPrefix } = api.contract;
  if (live === undefined) return { ...loadtest, apiPrefix };
  const own = Object.entries(loadtest.scenarios).filter(
    ([, { mix }]) => !Object.keys(mix).some((request) => Object.hasOwn(exampleRequests, request)),
  );
  const scenarios = Object.fromEntries(own);
  const gates = loadtest.gates.filter(
    ({ scenario }) => scenario === undefined || Object.hasOwn(scenarios, scenario),
  );
  return { ...loadtest, apiPrefix, scenarios, gates };
}

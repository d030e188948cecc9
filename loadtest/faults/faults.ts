import { wrongUsage } from "../errors.ts";
import type { Fault } from "./fault.ts";
import { killApi } from "./kill-api.ts";
import { killNginx } from "./kill-nginx.ts";
import { killRedisPrimary } from "./kill-redis-primary.ts";
import { oomApi } from "./oom-api.ts";
import { pauseApi } from "./pause-api.ts";
import { rollout } from "./rollout.ts";

/** All faults, in the order of --help. */
export const faults = [rollout, killApi, pauseApi, oomApi, killRedisPrimary, killNginx] as const;

/** Name of a fault, as `--fault` takes it. */
export type FaultName = (typeof faults)[number]["name"];

export const faultNames: readonly FaultName[] = faults.map(({ name }) => name);

/** The fault of that name. @throws {UserError} with exit code 2 when there is none. */
export function parseFault(name: string): Fault<FaultName> {
  const fault = faults.find((each) => each.name === name);
  if (!fault) throw wrongUsage(`--fault ${name}: there is ${faultNames.join(", ")}`);
  return fault;
}

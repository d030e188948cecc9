import { UserError } from "../../contract/user-error.ts";
import { workloadsOf } from "../../loadtest/observe/ready-pods.ts";
import { seconds } from "../edge/finding.ts";
import { rollOut } from "../edge/roll-out.ts";
import { deploymentsOf } from "../edge/rollouts.ts";
import type { Change } from "./change.ts";

/** Rolls the gateway and the API out, as often as asked, and until enough requests are sent. */
export const repeatedRollouts: Change = {
  name: "rollouts",
  about: "roll-outs of the gateway and the API",
  async make(context) {
    const { command, api, signal } = context;
    const paths = [...deploymentsOf(context, "nginx"), ...deploymentsOf(context, "api")];
    let round = 0;
    while (round < command.rounds || context.sent() < command.requests) {
      round++;
      for (const path of paths) {
        context.report(`round ${round}: ${path.split("/").at(-1)}, ${context.sent()} requests`);
        await rollOut(api, path, signal);
      }
    }
    return `${round} roll-outs of each`;
  },
};

const versions = ["database.passwordVersion", "redis.passwordVersion", "api.internalTokenVersion"] as const;

/** Gives the stack other passwords by one `pulumi up`. */
export const rotatedPasswords: Change = {
  name: "rotation",
  about: "rotation of all passwords by pulumi up",
  async make({ stack, outputs }) {
    const hasDatabase = outputs.workloads.some(({ role }) => role === "database");
    for (const path of versions) {
      // The passwords of a database outside the stack are its own.
      if (path === "database.passwordVersion" && !hasDatabase) continue;
      await stack.set(path, String(Number((await stack.get(path)) ?? "1") + 1));
    }
    return `pulumi up in ${seconds(await stack.up())}`;
  },
};

const pools = "api.pools";
/** Name of the pool that gets all traffic for a while. */
const green = "green";

/** Moves all traffic to another pool by `pulumi up`, and back. */
export const switchedPools: Change = {
  name: "pools",
  about: "all traffic to another pool and back, by pulumi up",
  async make({ stack, outputs, report }) {
    if ((await stack.get(pools)) !== undefined)
      throw new UserError(
        `${pools}: the stack has pools of its own, and the proof would replace them`,
        "leave the part out: --only rollouts,pods,drain,rotation",
      );
    const replicas = workloadsOf("api", outputs).reduce((sum, workload) => sum + workload.replicas, 0);
    const there = { name: green, replicas: String(replicas), weight: "1" };
    const times: string[] = [];
    try {
      for (const [key, value] of Object.entries(there)) await stack.set(`${pools}[0].${key}`, value);
      report(`to ${green}`);
      times.push(seconds(await stack.up()));
    } finally {
      await stack.set(pools, undefined);
      report("back");
      times.push(seconds(await stack.up()));
    }
    return `pulumi up in ${times.join(" and ")}`;
  },
};

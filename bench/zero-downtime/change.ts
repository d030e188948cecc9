import { UserError } from "../../contract/user-error.ts";
import type { Report } from "../../host/steps.ts";
import { readyPods } from "../../loadtest/observe/ready-pods.ts";
import type { Proof } from "../edge/proof.ts";
import type { StackChange } from "../stack-change.ts";
import type { ChangeName, ZeroDowntimeCommand } from "./command-line.ts";

/** What a change has to work with. */
export interface ChangeContext extends Proof<ZeroDowntimeCommand> {
  stack: StackChange;
  report: Report;
  /** Requests with an outcome so far. */
  sent: () => number;
}

/** A change of a running stack that must lose no request. */
export interface Change {
  name: ChangeName;
  about: string;
  /** Makes the change and puts the stack back. @returns what was done @throws {UserError} when it cannot be made */
  make(context: ChangeContext): Promise<string>;
}

/**
 * Finds out whether the stack can keep the promise: a single pod cannot be replaced by hand without a gap.
 *
 * @throws {UserError} when the API or the gateway has less than two ready pods
 */
export async function requireTwoPods({ outputs, api }: Pick<Proof, "outputs" | "api">): Promise<void> {
  for (const role of ["api", "nginx"] as const) {
    const { length } = await readyPods(role, outputs, api);
    if (length < 2)
      throw new UserError(
        `${role} has ${length} ready pod: nothing serves while it is deleted or drained`,
        `pulumi config set --path ${role}.replicas 2 && pulumi up`,
      );
  }
}

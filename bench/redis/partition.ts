import { UserError } from "../../contract/user-error.ts";
import { tryCommand } from "../../host/run-command.ts";
import { network } from "../../local/cluster/network.ts";

/** A pod of a partition. */
export interface PartitionedPod {
  ip: string;
  /** A process of the pod on this machine. */
  pid: number;
}

const chain = "BREAKWATER-CUT";
const hooks = ["INPUT", "OUTPUT"] as const;

/**
 * Cuts groups of pods off from all other pods, by packet filters in the network namespaces of the pods, which end with them. The
 * members of a group still reach each other. The kubelet's probes and this machine reach them too.
 */
export class Partition {
  #cut: number[] = [];

  /**
   * Cuts new connections and those of before. A NetworkPolicy could not: it adds to what the stack's own policies admit.
   *
   * @returns when it began to cut them, epoch ms
   * @throws {UserError} when the filters cannot be set
   */
  async cut(groups: readonly (readonly PartitionedPod[])[]): Promise<number> {
    const atMs = Date.now();
    await Promise.all(
      groups.flatMap((group) =>
        group.map(async ({ pid }) => {
          this.#cut.push(pid);
          await setRules(pid, [...group.map(({ ip }) => ip), network.nodeAddress]);
        }),
      ),
    );
    return atMs;
  }

  /** Removes the filters. May be called at any time. */
  async heal(): Promise<void> {
    await Promise.all(this.#cut.splice(0).map(removeRules));
  }
}

/** Refuses what is neither local nor with a member. The refusals themselves are ICMP messages. */
function rulesFor(members: readonly string[]): string[] {
  return hooks.flatMap((hook) => {
    const [device, side] = hook === "INPUT" ? ["-i", "-s"] : ["-o", "-d"];
    const own = `${chain}-${hook}`;
    return [
      `-A ${own} ${device} lo -j RETURN`,
      ...members.map((ip) => `-A ${own} ${side} ${ip} -j RETURN`),
      `-A ${own} -p icmp -j RETURN`,
      `-A ${own} -j REJECT`,
      `-I ${hook} -j ${own}`,
    ];
  });
}

/** Applies all rules at once in the network namespace of a process. @throws {UserError} when it fails */
async function setRules(pid: number, members: readonly string[]): Promise<void> {
  const chains = hooks.map((hook) => `:${chain}-${hook} -`);
  const input = ["*filter", ...chains, ...rulesFor(members), "COMMIT", ""].join("\n");
  const { exitCode, stderr } = await tryCommand(
    "nsenter",
    [`--net=/proc/${pid}/ns/net`, "iptables-restore", "--wait", "--noflush"],
    { input },
  );
  if (exitCode !== 0)
    throw new UserError(`the pod's packet filter cannot be set: ${stderr.trim()}`, "run the proof as root");
}

/** Removes the rules, if the pod and they are there. */
async function removeRules(pid: number): Promise<void> {
  const commands = hooks.flatMap((hook) => [
    `iptables -w -D ${hook} -j ${chain}-${hook}`,
    `iptables -w -F ${chain}-${hook}`,
    `iptables -w -X ${chain}-${hook}`,
  ]);
  await tryCommand("nsenter", [`--net=/proc/${pid}/ns/net`, "/bin/sh", "-c", commands.join("; ")]);
}

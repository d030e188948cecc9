import { readFile } from "node:fs/promises";
import { tryCommand } from "../../host/run-command.ts";
import { systemPath } from "./process-supervisor.ts";

const bridgeSwitch = "net.bridge.bridge-nf-call-iptables";

/** Rules and sets like those of network-policy, in a network namespace of their own. */
const probe = `command -v ipset > /dev/null || { echo "the program ipset is missing" >&2; exit 1; }
ipset create addresses hash:ip timeout 0 && ipset create ranges hash:net timeout 0 || exit 1
exec iptables-restore <<'RULES'
*filter
:PODS - [0:0]
-A FORWARD -m physdev --physdev-is-bridged -m comment --comment "pods" -j PODS
-A PODS -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A PODS -m addrtype --src-type LOCAL -j RETURN
-A PODS -p tcp -m multiport --dports 30000:32767 -j RETURN
-A PODS -m set --match-set addresses src -m set --match-set ranges dst -j MARK --set-xmark 0x10000/0x10000
-A PODS -m mark ! --mark 0x10000/0x10000 -m limit --limit 10/minute --limit-burst 10 -j NFLOG --nflog-group 100
-A PODS -m mark ! --mark 0x10000/0x10000 -j REJECT
COMMIT
RULES
`;

/**
 * Returns why this machine cannot enforce NetworkPolicies: the kernel or iptables has no sets, ipset is missing, or bridged
 * packets do not pass iptables. Undefined when it can. Nothing on the machine is changed.
 */
export async function policyObstacle(): Promise<string | undefined> {
  const switched = await readFile(`/proc/sys/${bridgeSwitch.replaceAll(".", "/")}`, "utf8").catch(() => "");
  if (switched.trim() === "0") return `${bridgeSwitch} is 0, so packets between pods do not pass iptables`;
  const env = { ...process.env, PATH: systemPath, LC_ALL: "C" };
  const { exitCode, stderr } = await tryCommand("unshare", ["--net", "/bin/sh", "-c", probe], {
    env,
    timeoutMs: 10_000,
  });
  if (exitCode === 0) return undefined;
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  return `the kernel, iptables or ipset lacks a part: ${lines[0]?.trim() ?? "it gave no reason"}`;
}

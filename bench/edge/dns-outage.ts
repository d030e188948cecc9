import { UserError } from "../../contract/user-error.ts";
import { sendSignal, startTimeOf } from "../../host/process-table.ts";
import { tryCommand } from "../../host/run-command.ts";
import { step } from "../../host/steps.ts";
import { daemonState } from "../../local/cluster/process-supervisor.ts";
import { type Finding, noneFailed } from "./finding.ts";
import { Load } from "./load.ts";
import { type Proof, pause, stackLoad, userCount } from "./proof.ts";
import { RequestMix } from "./request-mix.ts";

const outageSeconds = 60;
const calmMs = 3000;
const daemon = "coredns";

/** Pauses the DNS server of the embedded cluster for a minute under mixed requests. */
export async function proveDnsOutage(proof: Proof): Promise<Finding[]> {
  const { state, pid } = await daemonState(daemon);
  const startTime = pid === undefined ? undefined : await startTimeOf(pid);
  if (state !== "running" || pid === undefined || startTime === undefined)
    throw new UserError(`${daemon} of the embedded cluster does not run`, "npm run up");
  const mix = new RequestMix(userCount);
  const load = new Load({ ...stackLoad(proof), next: mix.next });
  try {
    await pause(calmMs, proof.signal);
    await step(`Load without DNS, for ${outageSeconds} s`, async () => {
      await sendSignal({ pid, startTime }, "SIGSTOP");
      // Another process resumes it, also when this one is killed.
      const resumed = tryCommand("sh", ["-c", `sleep ${outageSeconds + 1}; kill -CONT ${pid}`]);
      try {
        await pause(outageSeconds * 1000, proof.signal);
        await resumed;
      } finally {
        await sendSignal({ pid, startTime }, "SIGCONT");
      }
    });
    await step("Load after the outage", () => pause(2 * calmMs, proof.signal));
  } finally {
    await load.stop();
  }
  const { sent, failed, reasons, failures } = load.outcomes;
  return [
    {
      ...noneFailed("dns", `GET, PUT and POST while DNS is paused for ${outageSeconds} s`, {
        sent,
        failed,
        reasons,
      }),
      values: failures.slice(0, 200),
    },
  ];
}

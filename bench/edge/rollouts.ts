import { deploymentPath } from "../../host/cluster-api.ts";
import { note, type Report, step } from "../../host/steps.ts";
import { staleGraceMs } from "../../loadtest/load/users.ts";
import { workloadsOf } from "../../loadtest/observe/ready-pods.ts";
import { nginxPort } from "../../nginx/settings.ts";
import { admitGateways } from "../nginx/api-access.ts";
import { gatewayArms } from "../nginx/arms.ts";
import { filesOf, noPod, podsOf } from "../nginx/stack-gateway.ts";
import type { EdgeCommand } from "./command-line.ts";
import { type Finding, noneFailed } from "./finding.ts";
import { Load, openPool, sendOne } from "./load.ts";
import { Outcomes } from "./outcomes.ts";
import { OwnNamespace, type OwnWorkload, proofNamespace } from "./own-namespace.ts";
import { type Proof, pause, stackLoad, userCount } from "./proof.ts";
import { RequestMix } from "./request-mix.ts";
import { rollOut } from "./roll-out.ts";

const part = "rollouts";
/** Load before the first roll-out and after the last one, in which old pods still drain. */
const calmMs = 8000;

/**
 * Rolls Nginx and the API out under mixed requests, and then a gateway as public images configure it, which must lose
 * some: otherwise the load could not show a loss.
 */
export async function proveRollouts(proof: Proof): Promise<Finding[]> {
  const { outputs } = proof;
  const load = stackLoad(proof);
  const paths = deploymentsOf(proof, "nginx");
  const own = await underRollouts(proof, "this gateway", load, paths, proof.command.requests);
  const control = await controlRollouts(proof);
  const { rounds } = proof.command;
  if (own.outcomes.shed > 0)
    note(
      `  ! the API refused ${own.outcomes.shed} requests, because the machine is overloaded: lower --rate`,
    );
  const rolled = `${rounds} roll-outs each of Nginx and the API`;
  return [
    {
      ...noneFailed(part, `GET, PUT and POST in ${rolled}`, own.outcomes),
      values: { ...own, namespace: outputs.namespace },
    },
    {
      part,
      check: "acknowledged writes that were lost",
      measured: `${own.lost} of ${userCount} users`,
      target: "0",
      isMet: own.lost === 0,
    },
    control,
  ];
}

/** The options that roll-outs under load need. */
type RolloutOptions = Pick<EdgeCommand, "rate" | "rounds">;

/**
 * Rolls the API and a gateway as public images configure it out under the same load: no preStop, no delay, no retries of the kit.
 * It must lose requests, otherwise the load could not show a loss.
 */
export async function controlRollouts(proof: Proof<RolloutOptions>): Promise<Finding> {
  const naive = await OwnNamespace.use(proof.api, async (space) => {
    const gateway = await publicGateway(proof);
    const refuse = await admitGateways(proof.api, proof.outputs.namespace, proofNamespace);
    try {
      await step("Deploy a gateway as public images configure it", () => space.deploy(gateway));
      const settings = { ...stackLoad(proof), origin: await space.origin(gateway) };
      return await underRollouts(proof, "public gateway", settings, [space.deployment(gateway.name)], 0);
    } finally {
      await refuse();
    }
  });
  // An overloaded API refuses requests behind every gateway.
  const lost = naive.outcomes.failed - naive.outcomes.shed;
  return {
    part,
    check: "roll-outs with a gateway as public images configure it",
    measured: `${lost} of ${naive.outcomes.sent} failed`,
    details: naive.outcomes.reasons,
    target: "some failed, or the load shows no loss",
    isMet: lost > 0,
    values: naive,
  };
}

/** Paths of the Deployments of a role at the API server. */
export function deploymentsOf({ outputs }: Pick<Proof, "outputs">, role: "api" | "nginx"): string[] {
  return workloadsOf(role, outputs).map(({ name }) => deploymentPath(outputs.namespace, name));
}

async function publicGateway({ api, outputs }: Pick<Proof, "api" | "outputs">): Promise<OwnWorkload> {
  const [pod] = await podsOf("nginx", outputs, api);
  if (pod === undefined) throw noPod("nginx", outputs.namespace);
  const files = await filesOf(pod, outputs, api);
  const arm = gatewayArms({ files, pods: 1 }).find(({ name }) => name === "public");
  if (arm === undefined) throw noPod("nginx", outputs.namespace);
  return {
    name: "public-gateway",
    replicas: 2,
    image: arm.image,
    command: ["nginx", "-e", "stderr", "-c", `/etc/proof/${arm.file}`],
    files: { [arm.file]: arm.config },
    port: nginxPort,
    probePath: "/api/light",
    headless: false,
  };
}

/** @param requests least number of requests */
async function underRollouts(
  proof: Proof<RolloutOptions>,
  who: string,
  settings: Omit<ConstructorParameters<typeof Load>[0], "next">,
  gateways: readonly string[],
  requests: number,
) {
  const { api, signal, command } = proof;
  const mix = new RequestMix(userCount);
  const load = new Load({ ...settings, next: mix.next });
  const startedMs = Date.now();
  try {
    await pause(calmMs, signal);
    for (let round = 1; round <= command.rounds; round++)
      await step(`Roll-outs ${round} of ${command.rounds} behind ${who}`, async (report) => {
        for (const path of [...gateways, ...deploymentsOf(proof, "api")]) {
          report(`${path.split("/").at(-1)}; ${progressOf(load.outcomes)}`);
          await rollOut(api, path, signal);
        }
        report(progressOf(load.outcomes));
      });
    await step(`Requests after the roll-outs behind ${who}`, (report) =>
      rest(load, requests, signal, report),
    );
  } finally {
    await load.stop();
  }
  const { sent, failed, shed, byMethod, failures, reasons } = load.outcomes;
  return {
    outcomes: { sent, failed, shed, byMethod, reasons, failures: failures.slice(0, 200) },
    seconds: (Date.now() - startedMs) / 1000,
    lost: await lostWrites(settings, mix),
  };
}

async function rest(load: Load, requests: number, signal: AbortSignal, report: Report): Promise<void> {
  await pause(calmMs, signal);
  while (load.outcomes.sent < requests) {
    report(progressOf(load.outcomes));
    await pause(500, signal);
  }
  report("");
}

/** Users whose newest acknowledged write is not read any more. */
export async function lostWrites(settings: Parameters<typeof openPool>[0], mix: RequestMix): Promise<number> {
  await pause(2 * staleGraceMs, new AbortController().signal);
  const pool = openPool(settings);
  const outcomes = new Outcomes();
  try {
    for (let rank = 1; rank <= userCount; rank++) await sendOne(pool, mix.read(rank), outcomes);
  } finally {
    await pool.destroy();
  }
  return outcomes.failed;
}

function progressOf({ sent, failed }: Outcomes): string {
  return `${sent} requests, ${failed} failed`;
}

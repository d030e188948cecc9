import { writeFile } from "node:fs/promises";
import { exitCodes } from "../contract/user-error.ts";
import { onInterrupt } from "../host/interrupts.ts";
import { step } from "../host/steps.ts";
import { columns } from "../host/table.ts";
import type { ReachedStack } from "../loadtest/cluster-search.ts";
import { requireSeededUsers } from "../loadtest/load/seed.ts";
import { userId } from "../loadtest/load/users.ts";
import { connectKubeApi } from "../local/cluster/kube-api.ts";
import { pairedRatio } from "../measure/bootstrap.ts";
import { interleave } from "../measure/interleave.ts";
import { thisMachine } from "../measure/machine.ts";
import { median } from "../measure/median.ts";
import { deployedStack } from "./deployed-stack.ts";
import { confArm, direct, gatewayArms, peersArm } from "./nginx/arms.ts";
import type { GatewaysCommand } from "./nginx/command-line.ts";
import { runningPod, startGateways } from "./nginx/gateway-pods.ts";
import { type Route, routesFor } from "./nginx/routes.ts";
import { filesOf, noPod, podsOf } from "./nginx/stack-gateway.ts";
import { measureTurn, type Target, type Turn } from "./nginx/turn.ts";

const userCount = 100;

/** The turns of one kind of request at one number of connections. */
interface Series {
  route: string;
  connections: number;
  /** Turns in the order of the rounds, by the name of the gateway. */
  turns: Record<string, Turn[]>;
}

/**
 * Measures the gateways beside each other and prints a table.
 *
 * @returns the exit code
 * @throws {UserError} when nothing is deployed, or a gateway does not start
 */
export async function compareGateways(command: GatewaysCommand, stack: string): Promise<number> {
  const outputs = await deployedStack(stack);
  const api = await connectKubeApi();
  const interrupt = new AbortController();
  const release = onInterrupt(() => interrupt.abort());
  try {
    const routes = await seededRoutes(outputs, command.routes);
    const apiPods = await Promise.all((await podsOf("api", outputs, api)).map(runningPod));
    const [nginxPod] = await podsOf("nginx", outputs, api);
    if (nginxPod === undefined) throw noPod("nginx", outputs.namespace);
    const files = await filesOf(nginxPod, outputs, api);
    const all = gatewayArms({ files, pods: apiPods.length });
    const arms = [
      ...all.filter(({ name }) => command.arms.includes(name)),
      ...command.confs.map(confArm),
      ...all
        .filter(({ name }) => name === "kit")
        .flatMap((kit) => command.peers.map((peers) => peersArm(kit, peers))),
    ];
    const limits = nginxPod.spec?.containers[0]?.resources?.limits ?? {};
    const gateways = await step("Start the gateways", () =>
      startGateways(
        api,
        arms,
        { cpu: limits.cpu ?? "1", memory: limits.memory ?? "64Mi" },
        outputs.namespace,
      ),
    );
    try {
      const apiGroups = apiPods.map(({ group }) => group);
      const targets = new Map<string, Target>([
        [
          direct,
          {
            addresses: apiPods.map(({ address }) => `${address}:3000`),
            prefix: "",
            gatewayGroup: undefined,
            apiGroups,
          },
        ],
        ...[...gateways.pods].map(([arm, { address, group }]): [string, Target] => [
          arm.name,
          { addresses: [`${address}:8080`], prefix: "/api", gatewayGroup: group, apiGroups },
        ]),
      ]);
      const series = await measureAll(targets, routes, command, interrupt.signal);
      print(series, apiPods.length);
      if (command.json !== undefined)
        await writeFile(
          command.json,
          `${JSON.stringify({ machine: thisMachine(), pods: apiPods.length, command, series }, null, 2)}\n`,
        );
    } finally {
      await gateways.remove();
    }
  } finally {
    release();
    api.close();
  }
  if (!interrupt.signal.aborted) return 0;
  console.error("✗ interrupted\n  the gateways were removed");
  return exitCodes.interrupted;
}

async function seededRoutes(outputs: ReachedStack, names: readonly string[]): Promise<Route[]> {
  await requireSeededUsers(outputs, userCount);
  const ids = Array.from({ length: userCount }, (_, index) => userId(index + 1));
  return routesFor(ids).filter(({ name }) => names.includes(name));
}

async function measureAll(
  targets: ReadonlyMap<string, Target>,
  routes: readonly Route[],
  { connections: counts, rounds, seconds }: GatewaysCommand,
  signal: AbortSignal,
): Promise<Series[]> {
  const names = [...targets.keys()];
  const threads = targets.get(direct)?.addresses.length ?? 1;
  const all: Series[] = [];
  for (const route of routes)
    for (const connections of counts) {
      const series: Series = {
        route: route.name,
        connections,
        turns: Object.fromEntries(names.map((name) => [name, []])),
      };
      await step(`${route.name}, ${connections} connections`, async (report) => {
        for (const [at, { variant }] of interleave(names, rounds).entries()) {
          if (signal.aborted) return;
          report(`turn ${at + 1} of ${names.length * rounds}: ${variant}`);
          const load = { connections: Math.max(connections, threads), seconds, threads };
          series.turns[variant]?.push(await measureTurn(targets.get(variant) as Target, route, load));
        }
        report("");
      });
      if (signal.aborted) return all;
      all.push(series);
    }
  return all;
}

function print(all: readonly Series[], pods: number): void {
  const heads = [
    "route",
    "connections",
    "gateway",
    "req/s",
    "p50 ms",
    "p99 ms",
    "failed",
    "µs machine",
    "gateway",
    "API",
    "of direct",
    "95 %",
  ];
  const rows = all.flatMap(({ route, connections, turns }) =>
    Object.entries(turns).map(([name, own]) => {
      const mid = (pick: (turn: Turn) => number, digits = 1) => median(own.map(pick)).toFixed(digits);
      const pairs = own.map((turn, at): [number, number] => [
        turn.machineMicros,
        turns[direct]?.[at]?.machineMicros ?? Number.NaN,
      ]);
      const { ratio, low, high } = pairedRatio(pairs);
      return [
        route,
        String(connections),
        name,
        mid((turn) => turn.requestsPerSecond, 0),
        mid((turn) => turn.p50Ms, 2),
        mid((turn) => turn.p99Ms, 2),
        String(own.reduce((sum, { failed }) => sum + failed, 0)),
        mid((turn) => turn.machineMicros),
        mid((turn) => turn.gatewayMicros),
        mid((turn) => turn.apiMicros),
        ratio.toFixed(3),
        `${low.toFixed(3)} … ${high.toFixed(3)}`,
      ];
    }),
  );
  console.log(
    `\n${pods} API pods. CPU time for each request, and requests for each CPU second relative to "${direct}".`,
  );
  console.log(columns([heads, ...rows], [1, 3, 4, 5, 6, 7, 8, 9, 10]));
}

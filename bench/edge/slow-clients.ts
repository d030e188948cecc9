import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { poll } from "../../host/poll.ts";
import { tryCommand } from "../../host/run-command.ts";
import { step } from "../../host/steps.ts";
import { ensurePackages } from "../../local/toolchain/debian-packages.ts";
import { interleave } from "../../measure/interleave.ts";
import type { Finding } from "./finding.ts";
import { judgeSlowClients, type SlowTurn } from "./judge-slow-clients.ts";
import { Load } from "./load.ts";
import { type Proof, pause, stackLoad, userCount } from "./proof.ts";
import { RequestMix } from "./request-mix.ts";

const program = "/usr/bin/slowhttptest";
const clients = 500;
/** Shorter than the gateway's limit for a header, after which it ends slow connections. */
const turnMs = 6000;
/** The clients need up to two seconds to connect. */
const attackSeconds = turnMs / 1000 + 2;
const ratePerSecond = 150;

const attacks = [
  { what: "headers", path: "/api/light", flags: ["-H"] },
  { what: "bodies", path: "/api/users/1", flags: ["-B"] },
  // The API refuses an upload of another type at once.
  { what: "uploads", path: "/api/upload", flags: ["-B", "-f", "multipart/form-data; boundary=slow"] },
] as const;

/** Measures a light load beside slow clients of the gateway, and beside the same clients of another server. */
export async function proveSlowClients(proof: Proof): Promise<Finding[]> {
  await ensurePackages([{ name: "slowhttptest", program }]);
  const elsewhere = createServer((socket) => socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const dummy = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  try {
    const findings: Finding[] = [];
    for (const { what, flags, path } of attacks)
      await step(`${clients} clients with slow ${what}`, async (report) => {
        const turns: Record<"gateway" | "elsewhere", SlowTurn[]> = { gateway: [], elsewhere: [] };
        const order = interleave(["elsewhere", "gateway"] as const, proof.command.turns);
        for (const [index, { variant }] of order.entries()) {
          report(`turn ${index + 1} of ${order.length}`);
          const origin = variant === "gateway" ? new URL(proof.outputs.endpoint).origin : dummy;
          turns[variant].push(await measureTurn(proof, flags, new URL(path, origin)));
        }
        report("");
        findings.push(...judgeSlowClients(what, turns));
      });
    return findings;
  } finally {
    elsewhere.close();
  }
}

async function measureTurn(proof: Proof, flags: readonly string[], target: URL): Promise<SlowTurn> {
  const pace = [
    "-c",
    String(clients),
    "-r",
    String(clients),
    "-i",
    "1",
    "-x",
    "8",
    "-l",
    String(attackSeconds),
  ];
  const attacker = tryCommand(program, [...flags, ...pace, "-s", "100000", "-u", target.href], {
    timeoutMs: 1000 * attackSeconds + 5000,
  });
  const load = new Load({ ...stackLoad(proof), ratePerSecond, next: new RequestMix(userCount).next });
  const port = Number(target.port || 80);
  try {
    // Too few connections at the end of the turn are a finding of their own.
    await poll({ timeoutMs: 3000, signal: proof.signal }, async () => (await connectionsTo(port)) >= clients);
    // Only the time with all slow clients counts.
    load.latenciesMs.length = 0;
    await pause(turnMs, proof.signal);
    const held = await connectionsTo(port);
    const latenciesMs = load.latenciesMs.toSorted((a, b) => a - b);
    return {
      p99Ms: latenciesMs[Math.ceil(0.99 * latenciesMs.length) - 1] ?? Number.NaN,
      requests: latenciesMs.length,
      failed: load.outcomes.failed,
      reasons: load.outcomes.reasons,
      held,
    };
  } finally {
    await load.stop();
    const { exitCode, stderr } = await attacker;
    if (exitCode !== 0 && !proof.signal.aborted)
      console.error(`  ! ${program} exited with ${exitCode}: ${stderr.trim().split("\n").at(-1)}`);
  }
}

/** Open connections of this machine to a port. */
async function connectionsTo(port: number): Promise<number> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = (await readFile("/proc/net/tcp", "utf8")).split("\n");
  return lines.filter((line) => {
    const [, , address = "", state] = line.trim().split(/\s+/);
    return address.endsWith(remote) && state === "01";
  }).length;
}

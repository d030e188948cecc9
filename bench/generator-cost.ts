import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import type { RequestConfig } from "../contract/outputs.ts";
import { columns } from "../host/table.ts";
import { exampleRequest } from "../loadtest/load/example-requests.ts";
import { httpForm } from "../loadtest/load/http-form.ts";
import { runLoad } from "../loadtest/load/load.ts";
import type { PlannedRequest } from "../loadtest/load/planned-request.ts";
import { requestSource, type Scenario } from "../loadtest/load/scenarios.ts";
import { interleave } from "../measure/interleave.ts";
import { median } from "../measure/median.ts";
import { seededRandom } from "../measure/random.ts";
import { readOptions } from "./options.ts";

/*
 * Measures the CPU time of the load generator for a request: the requests of the kit's example as the load test has them, and the
 * same ones as data (`loadtest.requests`), in turns next to each other; and the part of it that making and checking a request takes.
 * Those of `light`, `heavy` and `upload` are data in both cases since they are part of the load test as data. The last rows are the
 * price of a session, whose requests undici sends: a value of a login in a header, and cookies.
 *
 * Exit code 1 when a request as data costs more than 10 % above the one as code. Only a machine without other work shows it.
 */

const most = 1.1;
const options = readOptions({
  command: "node bench/generator-cost.ts",
  about: "Measures the CPU time of the load generator for a request, as code and as data.",
  options: {
    seconds: { type: "string", value: "S", default: "3", about: "seconds of each turn, from 2" },
    rounds: { type: "string", value: "N", default: "8", about: "turns of each variant, an even number" },
    kind: { type: "string", value: "NAME", about: "only this kind of request" },
  },
});

const folder = mkdtempSync(join(tmpdir(), "generator-cost-"));
const upload = uploadFile();
const anyResponse = `{"ok":true,"fibonacci":196418,"sha256":["${upload.hash}","${exampleRequest("upload")?.expect.contains}"]}`;
const user = "{{id: 2000000001..2000001000 zipf}}";
const data: Record<string, RequestConfig> = {
  light: request("/api/light", '"ok":true'),
  heavy: request("/api/heavy-task?n=27", '"fibonacci":196418'),
  read: request(`/api/users/${user}`, "@loadtest.invalid"),
  write: request(`/api/users/${user}`, "@loadtest.invalid", {
    method: "PUT",
    body: '{"name":"Breakwater load test","email":"v{{version: 1..999999999999}}.u{{id}}@loadtest.invalid"}',
  }),
  upload: request("/api/upload", upload.hash, {
    method: "POST",
    headers: { "content-type": "multipart/form-data; boundary=breakwater-load" },
    body: `{{file: ${relative(resolve(import.meta.dirname, ".."), upload.path)}}}`,
  }),
};
const login = request("/api/login", "token", { method: "POST", keep: { token: "/token" } });
const signed = request("/api/light", '"ok":true', {
  headers: { authorization: "Bearer {{from: login.token}}" },
});

const server = fork(join(import.meta.dirname, "api-like-server.ts"));
const [endpoint] = (await once(server, "message")) as [string];
const rows: string[][] = [];
let isGood = true;
for (const [kind, config] of Object.entries(data)) {
  if (options.kind !== undefined && options.kind !== kind) continue;
  const mix = [{ kind, weight: 1 }];
  const own = { name: kind, about: "", mix: [{ kind: `own-${kind}`, weight: 1 }] };
  const asCode: Scenario = { name: kind, about: "", mix };
  const asData: Scenario = { ...own, requests: { [`own-${kind}`]: config } };
  const ratio = await compare(kind, asCode, asData);
  if (ratio > most) isGood = false;
}
if (options.kind === undefined || options.kind === "session") {
  const code: Scenario = { name: "light", about: "", mix: [{ kind: "light", weight: 1 }] };
  const mix = [{ kind: "signed", weight: 1 }];
  const session = { name: "session", about: "", mix, requests: { login, signed }, steps: ["login"] };
  await compare("session", code, session);
  await compare("session, cookies", code, { ...session, cookies: true });
}
console.log(
  columns(
    [["", "code µs", "data µs", "ratio", "median pair", "making code µs", "making data µs"], ...rows],
    [1, 2, 3, 4, 5, 6],
  ),
);
server.kill();
rmSync(folder, { recursive: true });
process.exitCode = isGood ? 0 : 1;

/**
 * Adds a row: the cheapest turn of each variant, because other work of the machine only adds to a turn, and the ratio of the turns
 * next to each other.
 *
 * @returns the ratio of the cheapest turns
 */
async function compare(name: string, asCode: Scenario, asData: Scenario): Promise<number> {
  const costs = { code: [] as number[], data: [] as number[] };
  for (const { variant } of interleave(["code", "data"] as const, Number(options.rounds)))
    costs[variant].push(await microsecondsPerRequest(variant === "code" ? asCode : asData));
  const [code, data] = [Math.min(...costs.code), Math.min(...costs.data)];
  const pairs = median(costs.code.map((cost, round) => (costs.data[round] ?? Number.NaN) / cost));
  const making = [asCode, asData].map((scenario) => (scenario.steps ? "" : makingCost(scenario).toFixed(2)));
  rows.push([name, code.toFixed(1), data.toFixed(1), (data / code).toFixed(3), pairs.toFixed(3), ...making]);
  return data / code;
}

/** CPU time of this process, in whose threads the generator runs, from the first measured second to the last one. */
async function microsecondsPerRequest(scenario: Scenario): Promise<number> {
  let from: NodeJS.CpuUsage | undefined;
  let used = 0;
  let responses = 0;
  const load = await runLoad(
    {
      endpoint,
      scenario,
      connections: 8,
      durationSeconds: Number(options.seconds),
      warmupSeconds: 1,
      timeoutSeconds: 5,
      users: 1000,
      seed: 1,
    },
    {
      onSecond: ({ requestsPerSecond }) => {
        if (from !== undefined) {
          const { user, system } = process.cpuUsage(from);
          used = user + system;
          responses += requestsPerSecond;
        }
        from ??= process.cpuUsage();
      },
    },
  );
  if (load.failed > 0)
    throw new Error(`${load.failed} requests of ${scenario.name} failed: ${JSON.stringify(load.errors)}`);
  return used / responses;
}

/** CPU time of making a request and checking its response, in microseconds: the least of five turns. */
function makingCost(scenario: Scenario): number {
  const count = 50_000;
  const toHttp = httpForm({ endpoint });
  const turns = Array.from({ length: 5 }, () => {
    const share = { users: 1000, seededVersion: 0, thread: 0, threads: 1 };
    const next = requestSource(scenario, { ...share, random: seededRandom(1) });
    const from = process.cpuUsage();
    for (let made = 0; made < count; made++) {
      const planned = next();
      toHttp(planned);
      const isGood = planned.verify(responseTo(planned));
      planned.settle?.(isGood);
      if (!isGood) throw new Error(`a right response of ${scenario.name} is refused`);
    }
    const { user, system } = process.cpuUsage(from);
    return (user + system) / count;
  });
  return Math.min(...turns);
}

/** A right response, as that of the server. */
function responseTo({ path, body }: PlannedRequest): string {
  const id = /\/users\/(\d+)$/.exec(path)?.[1];
  if (id === undefined) return anyResponse;
  return `{"id":${id},${body === undefined ? `"email":"v9000000000000000.u${id}@loadtest.invalid"}` : String(body).slice(1)}`;
}

function request(path: string, contains: string, more: Partial<RequestConfig> = {}): RequestConfig {
  return { method: "GET", path, headers: {}, expect: { statuses: [], json: {}, contains }, ...more };
}

/** The body of the example's upload, in a file: 256 KiB of letters. */
function uploadFile(): { path: string; hash: string } {
  const content = "abcdefgh".repeat(32 * 1024);
  const head = 'Content-Disposition: form-data; name="file"; filename="load.txt"\r\nContent-Type: text/plain';
  const path = join(folder, "upload.txt");
  writeFileSync(path, `--breakwater-load\r\n${head}\r\n\r\n${content}\r\n--breakwater-load--\r\n`);
  return { path, hash: createHash("sha256").update(content).digest("hex") };
}

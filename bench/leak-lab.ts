import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { buildApi, writeFiles } from "../app/build.ts";
import { type Backing, startBacking } from "./api/backing.ts";
import { type ApiProcess, startApi } from "./leak-lab/api-process.ts";
import { cachedLoad, leakingLoad, mixedLoad } from "./leak-lab/loads.ts";
import { PacedLoad, type PacedRequest } from "./leak-lab/paced-load.ts";
import { readOptions } from "./options.ts";

/*
 * Checks that the API's memory monitor reports every leak, and nothing else. Runs several processes of the API's image at
 * the same time. Some leak 1 KiB in each of 100 requests a second, each in its own way. The others are soaks without a
 * leak; their load has changing bodies, files and cached options.
 *
 * Soaks that fill the cache need PostgreSQL and Redis of the Debian packages. Exit code 1 when a leak is not reported in time, or when a soak is reported as a leak.
 */

const options = readOptions({
  command: "node bench/leak-lab.ts",
  about: "Checks that the API's memory monitor reports every leak, and nothing else.",
  options: {
    leaks: {
      type: "string",
      value: "KINDS",
      default: "global,closure,listener,cache",
      about: "kinds of leaks",
    },
    soaks: { type: "string", value: "N", default: "4", about: "processes without a leak" },
    minutes: { type: "string", value: "N", default: "5", about: "duration" },
    rate: { type: "string", value: "N", default: "50", about: "requests per second of each soak" },
    "no-cache": { type: "boolean", about: "leave out the soaks that need PostgreSQL and Redis" },
  },
});
const leaks = options.leaks.split(",").filter((kind) => kind !== "");
const soaks = Number(options.soaks);
const seconds = Number(options.minutes) * 60;
const rate = Number(options.rate);
const users = 60_000;
const pauseBetweenStartsMs = 500;
/** Time for a heap snapshot after a leak was reported. */
const snapshotMs = 8000;

interface Result {
  subject: string;
  good: boolean;
  what: string;
}

const folder = await mkdtemp(join(tmpdir(), "leak-lab-"));
let backing: Backing | undefined;
try {
  writeFiles(join(folder, "api"), await buildApi());
  const withCache = soaks > 1 && !options["no-cache"];
  if (withCache) {
    backing = await startBacking();
    await addUsers(backing.env.DATABASE_URL ?? "");
  }
  const runs: Promise<Result>[] = [];
  const start = async (result: Promise<Result>) => {
    runs.push(result.then(print));
    await sleep(pauseBetweenStartsMs);
  };
  for (const kind of leaks) {
    const env = { HEAP_SNAPSHOT_DIR: join(folder, `snapshots-${kind}`) };
    await start(run(`leak ${kind}`, leakingLoad(kind), { leaks: true, env }));
  }
  for (let index = 0; index < soaks; index++) {
    const isCached = withCache && index % 2 === 1;
    const subject = `soak ${isCached ? "cached" : "mixed"} ${index + 1}`;
    const requests = isCached ? cachedLoad(2 * rate, users) : mixedLoad(rate);
    await start(run(subject, requests, { env: backing?.env ?? {} }));
  }
  const results = await Promise.all(runs);
  const bad = results.filter(({ good }) => !good);
  console.log(`${results.length - bad.length} of ${results.length} as expected`);
  process.exitCode = bad.length > 0 ? 1 : 0;
} finally {
  await backing?.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Loads an API process; good when a leak is reported in time with a heap snapshot, and when nothing else is reported. */
async function run(
  subject: string,
  requests: PacedRequest[],
  { leaks = false, env = {} }: { leaks?: boolean; env?: NodeJS.ProcessEnv },
): Promise<Result> {
  const api = await startApi(join(folder, "api/server.js"), env);
  const startedAt = Date.now();
  let reportedAfter: number | undefined;
  const reported = new Promise<void>((resolve) => {
    api.onLine(({ msg }) => {
      if (msg !== "memory grows like a leak") return;
      reportedAfter ??= (Date.now() - startedAt) / 1000;
      if (leaks) resolve();
    });
  });
  const load = new PacedLoad(api.port, requests);
  await Promise.race([reported, sleep(seconds * 1000)]);
  if (leaks && reportedAfter !== undefined) await sleep(snapshotMs);
  const facts = await factsOf(api, load);
  const [snapshot] = leaks ? await api.snapshots() : [];
  await load.stop();
  await api.stop();
  const good = leaks ? snapshot !== undefined && reportedAfter !== undefined : reportedAfter === undefined;
  const report =
    reportedAfter === undefined
      ? `not reported in ${seconds} s`
      : `reported after ${reportedAfter.toFixed(0)} s`;
  const taken = snapshot === undefined ? "no snapshot" : `snapshot of ${mib(snapshot.bytes)}`;
  return { subject, good, what: [report, ...(leaks ? [taken] : []), facts].join("; ") };
}

async function factsOf(api: ApiProcess, load: PacedLoad): Promise<string> {
  const { trend, floor, newest } = await api.memory();
  const answers = [...load.byStatus].map(([status, count]) => `${count}×${status}`).join(" ");
  const slope = trend.bytesPerSecond === undefined ? "?" : (trend.bytesPerSecond / 1024).toFixed(1);
  return [
    `floor ${mib((floor?.heapUsed ?? 0) + (floor?.external ?? 0))} (${trend.ratio}× the mean, ${trend.floors} floors)`,
    `${slope} KiB/s (${trend.interval?.map((end) => (end / 1024).toFixed(1)).join(" to ")})`,
    `to the limit ${trend.secondsToLimit ?? "∞"} s`,
    `rss ${mib(newest.rss)}`,
    answers,
  ].join("; ");
}

function print(result: Result): Result {
  console.log(`${result.good ? "ok " : "BAD"} ${result.subject.padEnd(16)} ${result.what}`);
  return result;
}

async function addUsers(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(
    `INSERT INTO users (id, name, email) SELECT id, repeat('n', 100), 'user' || id || '@example.org'
     FROM generate_series(1, $1::bigint) AS id ON CONFLICT (id) DO NOTHING`,
    [users],
  );
  await client.end();
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

import { fileURLToPath } from "node:url";
import type { OwnCertificate } from "./certificates.ts";
import { afterBaseline, fixed, images, once, type RunCell, repeated, single } from "./modes.ts";
import type { Script } from "./scripted-server.ts";
import * as scripts from "./scripts.ts";

/** What a run must end with. */
export interface ScriptedVerdict {
  exitCode: number;
  /** The reason, a problem or a message must match it. */
  says: RegExp;
  /** Whether a baseline exists afterwards; absent: it is not looked at. */
  saves?: boolean;
}

/** One mode of the load test with one misbehaviour of the server. */
export interface Cell {
  mode: string;
  misbehaviour: string;
  /** Whether the short form of the table has it. */
  short?: true;
  expected: ScriptedVerdict;
  run: RunCell;
}

const passes: ScriptedVerdict = { exitCode: 0, says: /gates passed/ };
const fails = (says: RegExp): ScriptedVerdict => ({ exitCode: 99, says });

const two = ["--threads", "2"];
const dyingThread = fileURLToPath(new URL("./dying-thread.mjs", import.meta.url));
const closed = (script: Script): RunCell => once({ args: single, script });
const rate = (script: Script): RunCell => once({ args: fixed, script });
const save = (script: Script): RunCell => once({ args: [...repeated, "--save-baseline"], script });
const compare = (script: Script, more: string[] = []): RunCell =>
  afterBaseline({ args: [...repeated, "--compare", ...more], script });

/** All cells of the table. @param tls the certificate of the servers with https */
export function allCells(tls: OwnCertificate): Cell[] {
  return [...closedModelCells(tls), ...fixedRateCells(tls), ...repeatedCells()];
}

function closedModelCells(tls: OwnCertificate): Cell[] {
  return [
    { mode: "single", misbehaviour: "none", short: true, expected: passes, run: closed(scripts.good) },
    {
      mode: "single",
      misbehaviour: "503 for every second request",
      expected: fails(/error_rate of light .*HTTP 503/),
      run: closed(scripts.errorsInTurn(1)),
    },
    {
      mode: "single",
      misbehaviour: "stall of 3 s",
      expected: fails(/max of light is 3,?\d{3} ms|max of light is [34]\d{3} ms/),
      run: once({ args: single, script: scripts.stall, gates: [{ metric: "max", limit: 2500 }] }),
    },
    {
      mode: "single",
      misbehaviour: "10 % time-outs",
      expected: fails(/error_rate of light .*time-out/),
      run: closed(scripts.timeouts),
    },
    {
      mode: "single",
      misbehaviour: "10 % time-outs, judged by p99 alone",
      expected: fails(/p99 of light is 1\d s|p99 of light is 10/),
      run: once({ args: single, script: scripts.timeouts, gates: [{ metric: "p99", limit: 5000 }] }),
    },
    {
      mode: "single",
      misbehaviour: "fast 503s beside slow good answers",
      expected: fails(/p90 of light is 2/),
      run: once({ args: single, script: scripts.fastRefusals, gates: [{ metric: "p90", limit: 1500 }] }),
    },
    {
      mode: "single",
      misbehaviour: "each 1,000th body is wrong",
      expected: fails(/error_rate of light .*wrong body/),
      run: once({
        args: ["--duration", "5s", "--warmup", "0s", "--connections", "150"],
        script: scripts.wrongBodies(1000),
      }),
    },
    {
      mode: "single",
      misbehaviour: "writes are lost",
      short: true,
      expected: fails(/error_rate of write-mix .*wrong body/),
      run: once({ args: single, script: scripts.lostWrites, scenario: "write-mix" }),
    },
    { mode: "single", misbehaviour: "slow close", expected: passes, run: closed(scripts.slowClose) },
    {
      mode: "single",
      misbehaviour: "keep-alive off",
      expected: passes,
      run: once({ args: [...single, "--no-keep-alive"] }),
    },
    {
      mode: "single",
      misbehaviour: "TLS, own CA given",
      expected: passes,
      run: once({ args: [...single, "--ca", tls.caFile], tls, scenario: "write-mix" }),
    },
    {
      mode: "single",
      misbehaviour: "TLS, --insecure",
      expected: passes,
      run: once({ args: [...single, "--insecure"], tls }),
    },
    {
      mode: "single",
      misbehaviour: "TLS, unknown CA",
      short: true,
      expected: { exitCode: 1, says: /certificate.*--ca/s },
      run: once({ args: single, tls }),
    },
    {
      mode: "single",
      misbehaviour: "a thread dies before the start",
      short: true,
      expected: { exitCode: 1, says: /thread 2 of 2 of the load generator ended with code 7/ },
      run: once({ args: [...single, ...two], preload: dyingThread }),
    },
    {
      mode: "single",
      misbehaviour: "rows of somebody else in the id range",
      expected: { exitCode: 1, says: /user 2000000003 .*did not create/ },
      run: once({
        args: single,
        scenario: "write-mix",
        before: (server) => server.putRow(2_000_000_003, { name: "Ada", email: "ada@example.com" }),
      }),
    },
  ];
}

function fixedRateCells(tls: OwnCertificate): Cell[] {
  return [
    { mode: "fixed rate", misbehaviour: "none", expected: passes, run: rate(scripts.good) },
    {
      mode: "fixed rate",
      misbehaviour: "none, 2 threads",
      expected: passes,
      run: once({ args: [...fixed, ...two] }),
    },
    {
      mode: "fixed rate",
      misbehaviour: "stall of 3 s",
      expected: fails(/p90 of light is \d{4} ms/),
      run: rate(scripts.stall),
    },
    {
      mode: "fixed rate",
      misbehaviour: "capacity 80/s, asked for 200/s: throughput",
      short: true,
      expected: fails(/throughput of light is (7|8)\d \/s/),
      run: once({
        args: ["--duration", "4s", "--warmup", "0s", "--connections", "150", "--rate", "200"],
        script: scripts.capacity(80),
        gates: [{ metric: "throughput", limit: 190 }],
      }),
    },
    {
      mode: "fixed rate",
      misbehaviour: "capacity 50/s, few connections: p99",
      expected: fails(/p99 of light is/),
      run: once({
        args: ["--duration", "4s", "--warmup", "0s", "--connections", "20", "--rate", "200"],
        script: scripts.capacity(50),
        gates: [{ metric: "p99", limit: 1000 }],
      }),
    },
    {
      mode: "fixed rate",
      misbehaviour: "10 % time-outs",
      expected: fails(/error_rate of light .*time-out/),
      run: rate(scripts.timeouts),
    },
    { mode: "fixed rate", misbehaviour: "slow close", expected: passes, run: rate(scripts.slowClose) },
    {
      mode: "fixed rate",
      misbehaviour: "TLS, own CA given, keep-alive off",
      expected: passes,
      run: once({
        args: [...single, "--rate", "10", "--ca", tls.caFile, "--no-keep-alive"],
        tls,
      }),
    },
  ];
}

function repeatedCells(): Cell[] {
  return [
    {
      mode: "save",
      misbehaviour: "none",
      expected: { ...passes, saves: true },
      run: save(scripts.good),
    },
    {
      mode: "save",
      misbehaviour: "errors in turn 2 only",
      short: true,
      expected: { ...fails(/error_rate of light .*turn 2 of 6.*HTTP 503/), saves: false },
      run: save(scripts.errorsInTurn(2)),
    },
    {
      mode: "save",
      misbehaviour: "errors in turn 3, no gate on errors",
      expected: { exitCode: 1, says: /turn 3 of 6 of light .*HTTP 503.*not saved/, saves: false },
      run: once({
        args: [...repeated, "--save-baseline"],
        script: scripts.errorsInTurn(3),
        gates: [{ metric: "samples", limit: 5 }],
      }),
    },
    {
      mode: "compare",
      misbehaviour: "errors in turn 4 only",
      expected: fails(/error_rate of light .*turn 4 of 6.*HTTP 503/),
      run: compare(scripts.errorsInTurn(4)),
    },
    {
      mode: "compare",
      misbehaviour: "five times slower",
      expected: fails(/of light is worse/),
      run: compare(() => ({ delayMs: 500 })),
    },
    {
      mode: "compare",
      misbehaviour: "another count of threads",
      expected: { exitCode: 2, says: /threads was 1, is 2/ },
      run: compare(scripts.good, two),
    },
    {
      mode: "compare",
      misbehaviour: "keep-alive off",
      expected: { exitCode: 2, says: /keep-alive was on, is off/ },
      run: compare(scripts.good, ["--no-keep-alive"]),
    },
    {
      mode: "images",
      misbehaviour: "errors in turn 2 of B only",
      expected: fails(/error_rate of light \(B\) .*turn 2 of 6.*HTTP 503/),
      run: images(scripts.good, scripts.errorsInTurn(2)),
    },
    {
      mode: "images",
      misbehaviour: "B is five times slower",
      expected: fails(/of light is worse/),
      run: images(scripts.good, () => ({ delayMs: 500 })),
    },
    {
      mode: "images",
      misbehaviour: "B is five times faster",
      expected: passes,
      run: images(
        () => ({ delayMs: 500 }),
        () => ({}),
      ),
    },
  ];
}

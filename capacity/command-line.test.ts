import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { parseCapacityCommand } from "./command-line.ts";

test("parseCapacityCommand has defaults for everything, and no sizes without a rate", () => {
  const { options, stack, help } = parseCapacityCommand([]);
  assert.deepEqual([stack, help], [undefined, false]);
  assert.deepEqual(options, {
    pods: [1, 2, 3],
    wish: undefined,
    scenario: undefined,
    rounds: 3,
    precision: 0.05,
    maxSteps: 20,
    maxRate: 100_000,
    durationSeconds: 10,
    warmupSeconds: 2,
    connections: undefined,
    threads: undefined,
    resume: false,
    restore: false,
    out: undefined,
  });
});

test("parseCapacityCommand reads every option", () => {
  const line =
    "--stack prod --pods 4,1,2 --rate 2000 --headroom 25% --scenario light --rounds 2 --precision 10% --max-steps 9 --max-rate 5000 --duration 0.5m --warmup 3s --connections 64 --threads 2 --resume --out reports/x";
  const { options, stack } = parseCapacityCommand(line.split(" "));
  assert.equal(stack, "prod");
  assert.deepEqual(options.pods, [1, 2, 4]);
  assert.deepEqual(options.wish, { rate: 2000, headroom: 0.25 });
  assert.deepEqual([options.durationSeconds, options.warmupSeconds, options.precision], [30, 3, 0.1]);
  assert.deepEqual([options.resume, options.out, options.maxRate], [true, "reports/x", 5000]);
});

const wrong: [string, RegExp][] = [
  ["--pods 1,x", /^--pods 1,x: must be whole numbers from 1 to 500, as 1,2,3$/],
  ["--pods 0", /--pods 0: must be a whole number from 1 to 500, as 1,2,3/],
  ["--pods 2,2", /--pods 2,2: must have each number of pods once/],
  ["--pods 1,,2", /--pods 1,,2/],
  ["--rate fast", /--rate fast: must be requests per second from 0\.1 to 1000000, as 500/],
  ["--headroom 0.3", /--headroom 0\.3: must be a share from 0% to 900%, as 30%/],
  ["--headroom -5%", /headroom/],
  ["--precision 0%", /--precision 0%: must be a share from 1% to 50%/],
  ["--rounds 0", /--rounds 0: must be a whole number from 1 to 20/],
  ["--max-steps 2", /--max-steps 2: must be a whole number from 3 to 100/],
  ["--duration 10", /--duration 10: must be a time from 2s to 10m, as 10s/],
  ["--duration 11m", /--duration 11m/],
  ["--warmup 2h", /--warmup 2h/],
  ["--threads 65", /--threads 65/],
  ["--restore --resume", /--restore only puts the pods back/],
  ["extra", /Unexpected argument 'extra'/],
];
for (const [line, message] of wrong)
  test(`parseCapacityCommand refuses ${line} with the rule`, () => {
    assert.throws(
      () => parseCapacityCommand(line.split(" ")),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.exitCode, 2);
        assert.match(error.message, message);
        return true;
      },
    );
  });

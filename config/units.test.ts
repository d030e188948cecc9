import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatBytes,
  formatMilliseconds,
  MiB,
  parseBytes,
  parseExactMilliseconds,
  parseMillicpu,
  parseMilliseconds,
} from "./units.ts";

test("parseBytes reads sizes with their unit", () => {
  assert.equal(parseBytes("192 MiB"), 192 * MiB);
  assert.equal(parseBytes("1.5GiB"), 1536 * MiB);
  assert.equal(parseBytes("512Mi"), 512 * MiB);
});

test("parseBytes refuses a size without a unit, in a decimal unit, negative, or with other text", () => {
  for (const wrong of [
    "192",
    192,
    "192 MB",
    "192MiB please",
    "-1 MiB",
    "1 mib",
    "MiB",
    "0.3 B",
    "",
    null,
    {},
  ]) {
    assert.equal(parseBytes(wrong), undefined, String(wrong));
  }
});

test("parseMilliseconds and parseMillicpu read times and CPU", () => {
  assert.equal(parseMilliseconds("30 s"), 30_000);
  assert.equal(parseMilliseconds("1.5min"), 90_000);
  assert.equal(parseMillicpu("250m"), 250);
  assert.equal(parseMillicpu("0.5"), 500);
  assert.equal(parseMillicpu(2), 2000);
});

test("parseMilliseconds and parseMillicpu refuse ambiguous texts", () => {
  for (const wrong of ["30", 30, "30 sec", "1m", "-1 s"]) assert.equal(parseMilliseconds(wrong), undefined);
  for (const wrong of ["250 m", "-1", "0.0001", "two", "1e3", true, null]) {
    assert.equal(parseMillicpu(wrong), undefined, String(wrong));
  }
});

test("parseBytes and parseMilliseconds are exact when the number has a decimal point", () => {
  assert.equal(parseMilliseconds("16.1 s"), 16_100);
  assert.equal(parseMilliseconds("0.00005 min"), 3);
  assert.equal(parseMilliseconds("0.0000025 h"), 9);
  assert.equal(parseBytes("0.3 GiB"), 322_122_547);
  assert.equal(parseBytes("1.0000000001 KiB"), 1024);
  assert.equal(parseBytes("1 TiB"), 1024 ** 4);
  assert.equal(parseBytes("0.5Ti"), 1024 ** 4 / 2);
  assert.equal(parseExactMilliseconds("2.5 ms"), 2.5);
  assert.equal(parseExactMilliseconds("16.1 s"), 16_100);
});

test("parseMilliseconds refuses a fraction of a millisecond", () => {
  for (const text of ["2.5 ms", "0.0001 s", "0.00001 min", "0.000001 h"])
    assert.equal(parseMilliseconds(text), undefined, text);
});

test("parseBytes refuses an amount that a JavaScript number cannot hold exactly", () => {
  assert.equal(parseBytes("7999 TiB"), 7999 * 1024 ** 4);
  for (const text of ["8192 TiB", "9007199254740993 B", `${"9".repeat(30)} KiB`])
    assert.equal(parseBytes(text), undefined, text);
});

test("parseMilliseconds reads every number of milliseconds when it is written in seconds, minutes or hours", () => {
  const decimal = (amount: bigint, scale: number) => {
    const digits = amount.toString().padStart(scale + 1, "0");
    return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  };
  fc.assert(
    fc.property(fc.nat(100_000_000), (time) => {
      assert.equal(parseMilliseconds(`${decimal(BigInt(time), 3)} s`), time);
      // Minutes and hours that are finite decimals: multiples of 3 ms and of 9 ms.
      assert.equal(parseMilliseconds(`${decimal(BigInt(time) * 5n, 5)} min`), time * 3);
      assert.equal(parseMilliseconds(`${decimal(BigInt(time) * 25n, 7)} h`), time * 9);
    }),
  );
});

test("parseBytes rounds down to whole bytes, and never up", () => {
  fc.assert(
    fc.property(fc.nat(8000), fc.stringMatching(/^\d{1,40}$/), (whole, fraction) => {
      const bytes = parseBytes(`${whole}.${fraction} MiB`) ?? assert.fail();
      const scale = 10n ** BigInt(fraction.length);
      const exact = BigInt(whole + fraction) * BigInt(MiB);
      assert.ok(BigInt(bytes) * scale <= exact && exact < BigInt(bytes + 1) * scale);
    }),
  );
});

test("parseBytes and parseMilliseconds return the same amount when a formatted text is read", () => {
  fc.assert(fc.property(fc.nat(2 ** 50), (bytes) => parseBytes(formatBytes(bytes)) === bytes));
  fc.assert(fc.property(fc.nat(1e9), (time) => parseMilliseconds(formatMilliseconds(time)) === time));
});

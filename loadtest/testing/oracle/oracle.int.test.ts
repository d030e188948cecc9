import assert from "node:assert/strict";
import { after, test } from "node:test";
import { allCells } from "./cells.ts";
import { makeCertificate } from "./certificates.ts";
import { judgeCell } from "./judge-cell.ts";

// The short form of the table; `npm run prove:oracle` runs all cells.
const tls = await makeCertificate();
after(() => tls.remove());

for (const [index, cell] of allCells(tls).entries()) {
  if (!cell.short) continue;
  test(`the load test has the scripted verdict: ${cell.mode}, ${cell.misbehaviour}`, async () => {
    const { wrong, reason } = await judgeCell(cell, `oracle-test-${process.pid}-${index}`);
    assert.equal(wrong, "", reason);
  });
}

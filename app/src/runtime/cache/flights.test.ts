import assert from "node:assert/strict";
import { test } from "node:test";
import { type Flight, Flights } from "./flights.ts";

test("Flights finds an operation by name until it ends or fails", async () => {
  const flights = new Flights<number>();
  const flight = flights.start("a", async () => 1);
  assert.equal(flights.get("a"), flight);
  assert.equal(await flight.outcome, 1);
  assert.equal(flights.get("a"), undefined);
  await assert.rejects(flights.start("a", () => Promise.reject(new Error("bad"))).outcome, /bad/);
  assert.equal(flights.size, 0);
});

test("Flights neither joins nor removes a later operation when an operation is outdated", async () => {
  const flights = new Flights<number>();
  let end: () => void = () => undefined;
  let seen: Flight<number> | undefined;
  const old = flights.start("a", async (flight) => {
    seen = flight;
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    return 1;
  });
  flights.outdate("a");
  assert.equal(seen?.isOutdated, true);
  const next = flights.start("a", () => new Promise(() => undefined));
  end();
  await old.outcome;
  assert.equal(flights.get("a"), next);
  flights.outdateAll();
  assert.equal(next.isOutdated, true);
  assert.equal(flights.size, 0);
});

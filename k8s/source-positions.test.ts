import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { recordNoPositions } from "./source-positions.ts";

test("Pulumi records no position of a declaration", () => {
  const stackTrace = Reflect.get(pulumi.Resource, "stackTrace") as (skip: number) => { uri: string }[];
  const declare = () => stackTrace.call(pulumi.Resource, 0);
  const uris = () => declare().flatMap((frame) => frame?.uri ?? []);
  assert.notEqual(uris().length, 0, "the SDK records no positions by itself: remove k8s/source-positions.ts");
  recordNoPositions();
  assert.deepEqual(uris(), []);
});

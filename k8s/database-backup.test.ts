import assert from "node:assert/strict";
import { before, test } from "node:test";
import { MiB } from "../config/units.ts";
import { planBackupVolume } from "./database-backup.ts";
import { ofKind, type Recorded } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];

before(async () => {
  ({ recorded } = await runProgram({
    database: { backup: { schedule: "0 3 * * *", keep: 3, storage: "2 GiB" }, runAsUser: 10_001 },
  }));
});

test("a schedule gives the stack a CronJob in UTC, and a volume of its own", () => {
  const [cronJob] = ofKind(recorded, "CronJob").map(({ inputs }) => inputs);
  assert.equal(cronJob.spec.schedule, "0 3 * * *");
  assert.equal(cronJob.spec.timeZone, "Etc/UTC");
  assert.equal(cronJob.spec.concurrencyPolicy, "Forbid");
  const { spec, metadata } = cronJob.spec.jobTemplate.spec.template;
  const [container] = spec.containers;
  assert.equal(container.image, "postgres:17");
  assert.ok(
    container.env.some(
      ({ name, value }: { name: string; value: string }) => name === "KEEP" && value === "3",
    ),
  );
  assert.equal(metadata.labels["app.kubernetes.io/name"], "database-backup");
  const [claim] = ofKind(recorded, "PersistentVolumeClaim").map(({ inputs }) => inputs);
  assert.equal(claim.spec.resources.requests.storage, "2048Mi");
  assert.equal(spec.volumes[0].persistentVolumeClaim.claimName, claim.metadata.name);
});

test("the volume of the backups grows, and refuses another class and a smaller size", () => {
  const claims = [{ name: "database-backups", requested: 512 * MiB, storageClass: "standard" }];
  const plan = (storage: number, storageClass?: string) =>
    planBackupVolume({ storage, storageClass }, claims);
  assert.deepEqual(plan(512 * MiB), { growths: [], problems: [] });
  assert.deepEqual(plan(1024 * MiB).growths, [
    { claim: "database-backups", from: 512 * MiB, to: 1024 * MiB },
  ]);
  assert.deepEqual(
    plan(256 * MiB).problems.map(({ path }) => path),
    ["database.backup.storage"],
  );
  assert.deepEqual(
    plan(512 * MiB, "fast").problems.map(({ path }) => path),
    ["cluster.storageClass"],
  );
  assert.deepEqual(planBackupVolume({ storage: MiB }, []), { growths: [], problems: [] });
});

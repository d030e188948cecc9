import assert from "node:assert/strict";
import { test } from "node:test";
import { backupJobOf } from "./backup-jobs.ts";

test("backupJobOf changes the arguments of the CronJob's pod, and nothing else of it", () => {
  const container = { name: "backup", image: "postgres:17", command: ["sh"], args: ["backup"] };
  const pod = { restartPolicy: "Never", containers: [container], volumes: [{ name: "backups" }] };
  const template = { metadata: { labels: { "app.kubernetes.io/name": "database-backup" } }, spec: pod };
  const cronJob = {
    spec: { schedule: "@daily", jobTemplate: { spec: { backoffLimit: 3, template } } },
  };
  const job = backupJobOf(cronJob, "database-backup-restore-1", ["restore", "a.dump"]);
  assert.equal(job.spec?.backoffLimit, 0);
  assert.deepEqual(job.spec?.template, {
    ...template,
    spec: { ...pod, containers: [{ ...container, args: ["restore", "a.dump"] }] },
  });
  assert.deepEqual(container.args, ["backup"]);
});

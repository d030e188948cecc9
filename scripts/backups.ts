import { deployedStack } from "../bench/deployed-stack.ts";
import { openCluster as openClusterApi } from "../host/open-cluster.ts";
import { step } from "../host/steps.ts";
import { BackupJobs } from "./backup-jobs.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { openCluster } from "./workspace.ts";

await entry(commands.backups, async ({ stack: given, wish }) => {
  const stack = chooseStack(given);
  Object.assign(process.env, await openCluster(stack));
  const outputs = await deployedStack(stack.name);
  const api = openClusterApi(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  try {
    const jobs = new BackupJobs(api, outputs);
    if (wish.action === "list") {
      const names = await jobs.list();
      console.log(names.length === 0 ? "no backups yet; make one: npm run backups -- now" : names.join("\n"));
      return 0;
    }
    if (wish.action === "backup") {
      console.log(await step("Dump the database, and read the dump", (report) => jobs.backUp(report)));
      return 0;
    }
    await step("Look for the backup", () => jobs.requireBackup(wish.name));
    console.log(
      await step("Dump the present state, and restore", (report) => jobs.restore(wish.name, report)),
    );
    await step("Clear the cache", () => jobs.clearCache());
    return 0;
  } finally {
    api.close();
  }
});

import { readFormConfig } from "./form-config.ts";
import { formCluster } from "./formation.ts";

/*
 * The Redis program of the API image: `node redis.js form` forms the Redis Cluster, logs each step and exits with 0, or
 * with 1 when it fails. Its settings are environment variables; form-config.ts lists them.
 */

const timeoutMs = 120_000;

async function form(): Promise<void> {
  const config = readFormConfig(process.env);
  const startedAt = Date.now();
  const commands = await formCluster({ ...config, timeoutMs, log: console.log });
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const shape = `${config.nodes.length} nodes, ${config.shards} shards, all slots served`;
  console.log(`${commands === 0 ? "nothing to do" : "formed"}: ${shape} (${seconds} s)`);
}

if (process.argv[2] !== "form") {
  console.error("usage: redis.js form");
  process.exit(2);
}
form().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);

import { ensureDockerEngine } from "../local/cluster/docker-engine.ts";
import { dataPaths } from "../local/paths.ts";
import { pulumiEnvironment } from "../local/pulumi-environment.ts";
import { ensureTools } from "../local/toolchain/toolchain.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

// Prints `export` lines for `eval "$(npm run -s env)"`; nothing else may reach stdout.
await entry(commands.env, async () => {
  const tools = await ensureTools();
  const { socketPath } = await ensureDockerEngine();
  const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;
  const env = { ...pulumiEnvironment(tools.searchPath, socketPath), KUBECONFIG: dataPaths.kubeconfig };
  for (const [key, value] of Object.entries(env)) console.log(`export ${key}=${quote(value)}`);
  return 0;
});

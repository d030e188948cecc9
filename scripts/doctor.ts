import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, relative, resolve } from "node:path";
import { clusterAccess } from "../config/derive.ts";
import { encryptedArgs } from "../config/encrypted-args.ts";
import { ConfigError } from "../config/problem.ts";
import type { StackConfig } from "../config/stack-config.ts";
import { ownNames, stackValueOf } from "../config/stack-values.ts";
import { formatMillicpu } from "../config/units.ts";
import { validate } from "../config/validate.ts";
import { exitCodes, UserError } from "../contract/user-error.ts";
import { examine } from "../doctor/examine.ts";
import { trialServices } from "../doctor/trial-pod.ts";
import { openCluster as openClusterApi } from "../host/open-cluster.ts";
import { step } from "../host/steps.ts";
import { commands } from "./commands.ts";
import type { DoctorWish } from "./doctor-arguments.ts";
import { buildForDoctor } from "./doctor-image.ts";
import { entry } from "./entry.ts";
import { chooseStack, projectName, projectRoot, sectionOf } from "./stack.ts";
import { openCluster } from "./workspace.ts";

const startSeconds = 30;
const stopSeconds = 15;
/** In the place of a variable that is encrypted. */
const placeholder = "encrypted-in-stack-config";

await entry(commands.doctor, async ({ stack: given, wish }) => {
  const stack = chooseStack(given);
  const config = configFor(existsSync(stack.configFile) ? readFileSync(stack.configFile, "utf8") : "", wish);
  const { source, contract } = config.api;
  if (source.image === undefined && source.context === undefined)
    throw new UserError(
      `the stack ${stack.name} deploys the kit's own API, which is tested with the kit`,
      "name yours: npm run doctor -- --source ../my-api, or --image registry.example.org/my-api:1",
      { exitCode: 2 },
    );
  Object.assign(process.env, await openCluster(stack));
  const image =
    source.image ?? (await step("Build the image", (report) => buildForDoctor(config, projectRoot, report)));
  const { files, kubeContext } = clusterAccess(config.cluster, process.env, projectRoot, homedir());
  const api = openClusterApi(files, kubeContext);
  try {
    const live = contract.live ?? "/healthz";
    const { env, cpu, memory } = config.api;
    const wanted = {
      image,
      port: contract.port,
      live,
      ready: contract.ready ?? live,
      keepAliveMs: contract.keepAlive,
      hasDatabase: config.database.enabled,
      env: {
        ...Object.fromEntries(
          ownNames(contract.env).map(([name, value]) => [name, stackValueOf(value, trialServices)]),
        ),
        ...env,
      },
      unknownVariables: Object.keys(env).filter((name) => env[name] === placeholder),
      limits: { cpu: formatMillicpu(cpu), memory: String(memory) },
      startSeconds,
      stopSeconds,
    };
    const findings = await examine(wanted, api, config.images.node);
    for (const { kind, what, fix } of findings)
      console.log(`${kind === "violation" ? "✗" : "!"} ${what}\n    ${fix}`);
    const violations = findings.filter(({ kind }) => kind === "violation").length;
    if (violations === 0)
      console.log("✓ it keeps every rule that can be tried without its database and load");
    return violations === 0 ? exitCodes.pass : exitCodes["gate failed"];
  } finally {
    api.close();
  }
});

/** The stack's config, as far as the doctor reads it, with what the command line says. */
function configFor(stackFile: string, wish: DoctorWish): StackConfig {
  const section = (name: string) => sectionOf(stackFile, name) ?? {};
  const { source, contract, env, memory, cpu } = section("api");
  const variables = Object.entries((env ?? {}) as object).map(([name, value]) => [
    name,
    typeof value === "object" ? placeholder : value,
  ]);
  const { address } = section("registry");
  const { shards, replicasPerShard } = section("redis");
  const { enabled } = section("database");
  const cluster = Object.fromEntries(
    Object.entries(section("cluster")).filter(([name]) => ["kubeContext", "kubeconfig"].includes(name)),
  );
  const ofFolder =
    wish.source && "context" in wish.source
      ? { context: relativeToProject(wish.source.context) }
      : wish.source;
  // The command line may have other probes than the stack; their paths at the gateway do not matter here.
  const wanted = { ...(contract as object | undefined), ...wish.contract, public: [] };
  const isForeign = (ofFolder ?? source) !== undefined;
  try {
    const encrypted = ofFolder === undefined ? encryptedArgs(stackFile, projectName) : [];
    if (encrypted.length > 0) throw new ConfigError(encrypted);
    return validate({
      cluster,
      images: section("images"),
      redis: {
        ...(shards !== undefined && { shards }),
        ...(replicasPerShard !== undefined && { replicasPerShard }),
      },
      ...(address !== undefined && { registry: { address } }),
      ...(enabled !== undefined && { database: { enabled } }),
      api: {
        ...((ofFolder ?? source) !== undefined && { source: ofFolder ?? source }),
        contract: isForeign ? { live: "/healthz", ...wanted } : wanted,
        env: Object.fromEntries(variables),
        ...(memory !== undefined && { memory }),
        ...(cpu !== undefined && { cpu }),
      },
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UserError(error.message, "correct the stack's file or the command line", { exitCode: 2 });
  }
}

/** A folder of the command line is relative to where the command was typed. */
function relativeToProject(folder: string): string {
  const from = process.env.INIT_CWD ?? process.cwd();
  const path = isAbsolute(folder) ? folder : resolve(from, folder);
  return relative(projectRoot, path) || ".";
}

import { complete, isObject, type Report } from "./options/option.ts";
import { ConfigError, type Problem } from "./problem.ts";
import { checkRules } from "./rules.ts";
import { type RawConfig, type StackConfig, stackConfig } from "./stack-config.ts";

/**
 * Applies the defaults to stack config and checks it.
 *
 * @param found problems that are known already; the error includes them.
 * @throws {ConfigError} with all problems at once when there is any.
 */
export function validate(raw: RawConfig, found: readonly Problem[] = []): StackConfig {
  const problems: Problem[] = [...found];
  const report: Report = (problem) => {
    problems.push({ ...problem, fix: problem.fix ?? `set it: pulumi config set --path '${problem.path}' …` });
  };
  const isEmbedded = !isObject(raw.cluster) || raw.cluster.kubeContext === undefined;
  const config = stackConfig.read(complete(stackConfig, raw, isEmbedded), "", report);
  // A rule between options is checked only if each option is valid. Otherwise it would repeat a problem.
  if (config !== undefined && problems.length === 0) checkRules(config, report);
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return config;
}

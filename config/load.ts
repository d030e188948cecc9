import * as pulumi from "@pulumi/pulumi";
import type { RawConfig, StackConfig } from "./stack-config.ts";
import { ConfigError, validate } from "./validate.ts";

/**
 * Reads and checks the config of the running stack. The only place that does.
 *
 * @throws pulumi.RunError with all problems; the engine shows it without a stack trace.
 */
export function loadConfig(): StackConfig {
  const prefix = `${pulumi.getProject()}:`;
  const raw: RawConfig = {};
  for (const [name, text] of Object.entries(pulumi.runtime.allConfig())) {
    if (name.startsWith(prefix)) raw[name.slice(prefix.length)] = parse(text);
  }
  try {
    return validate(raw);
  } catch (error) {
    if (error instanceof ConfigError) throw new pulumi.RunError(error.message);
    throw error;
  }
}

/** The engine hands over objects as JSON and everything else as it stands in the file. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

import { ConfigError, type Problem } from "../problem.ts";
import type { RawConfig } from "../stack-config.ts";
import { validate } from "../validate.ts";

/** The problems that validate finds in a config; none when it accepts it. Other errors are thrown. */
export function problemsOf(raw: RawConfig): readonly Problem[] {
  try {
    validate(raw);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}
